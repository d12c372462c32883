#include "vmafx/operator/trainer_follower.h"

#include <algorithm>

#include "vmafx/api/names.h"

namespace vmafx::operators {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kBodyLimit = 64 * 1024;
constexpr auto kAnswerLimit = seconds(10);  // beyond the wait that was asked for
// A trainer that answers a long poll at once, without news, is not asked in a circle.
constexpr auto kShortestRound = milliseconds(500);

}  // namespace

std::string TrainerStatusUrl(const std::string& ip) {
  const bool six = ip.find(':') != std::string::npos;
  return fmt::format("http://{}:{}/status", six ? "[" + ip + "]" : ip, api::kTrainerStatusPort);
}

TrainerFollower::TrainerFollower(TrainerFollowerOptions options, base::Clock& clock, base::Log log,
                                 Listener listener)
    : options_(std::move(options)),
      clock_(clock),
      log_(std::move(log)),
      listener_(std::move(listener)),
      http_(net::MakeCurlHttp({.user_agent = "vmafx-operator", .body_limit = kBodyLimit})),
      queue_(clock, {.first_delay = milliseconds(100), .longest_delay = seconds(2)}) {}

void TrainerFollower::Stop() {
  queue_.Close();
  crew_.StopAndJoin();
}

Followed TrainerFollower::Follow(const kube::Key& training, const TrainerPod& pod) {
  std::optional<std::stop_source> replaced;
  bool is_new = false;
  int thread = 0;  // to be started, or 0
  const Followed known = state_.With([&](State& state) {
    Target& target = state.targets[training];
    is_new = target.pod != pod;
    if (is_new) {
      replaced = target.stop;
      target = Target{pod, {}};
    }
    const int wanted = std::min(static_cast<int>(state.targets.size()), options_.most_threads);
    if (state.threads < wanted) thread = ++state.threads;
    return target.known;
  });
  if (replaced) replaced->request_stop();
  if (thread > 0) {
    crew_.Start(fmt::format("trainer/{}", thread), [this](std::stop_token stop) { Work(stop); });
  }
  if (is_new) queue_.Add(training);
  return known;
}

Followed TrainerFollower::Find(const kube::Key& training) const {
  return state_.Read([&](const State& state) {
    auto found = state.targets.find(training);
    return found == state.targets.end() ? Followed() : found->second.known;
  });
}

void TrainerFollower::Nudge(const kube::Key& training) {
  const bool silent = state_.Read([&](const State& state) {
    auto found = state.targets.find(training);
    return found != state.targets.end() && found->second.failures > 0;
  });
  if (silent) queue_.Add(training);
}

void TrainerFollower::Forget(const kube::Key& training) {
  std::optional<std::stop_source> ended;
  state_.With([&](State& state) {
    auto found = state.targets.find(training);
    if (found == state.targets.end()) return;
    ended = found->second.stop;
    state.targets.erase(found);
  });
  if (ended) ended->request_stop();  // its thread is free again at once
}

void TrainerFollower::Work(std::stop_token stop) {
  const base::Until forever(clock_, base::Instant::max(), stop);
  while (true) {
    const auto training = queue_.Take(forever);
    if (!training.ok()) return;
    TakeTurn(*training, stop);
  }
}

void TrainerFollower::TakeTurn(const kube::Key& training, std::stop_token stop) {
  std::optional<Target> target;
  bool crowded = false;
  state_.Read([&](const State& state) {
    auto found = state.targets.find(training);
    if (found != state.targets.end()) target = found->second;
    crowded = state.targets.size() > static_cast<size_t>(options_.most_threads);
  });
  if (!target) return queue_.Done(training);
  const std::stop_callback link(stop, [&] { target->stop.request_stop(); });
  const seconds wait = crowded ? seconds(0) : options_.wait;
  // Who answers after a failure may be another process, which counts from where it will.
  std::optional<int64_t> revision;
  if (target->failures == 0 && target->known.report) revision = target->known.report->revision;
  const base::Instant started = clock_.Now();
  const auto outcome =
      Ask(target->pod, revision, wait,
          base::Until::After(clock_, wait + kAnswerLimit, target->stop.get_token()));
  // Ended by us: it says nothing about the trainer. Another one of that name is in the queue.
  if (target->stop.stop_requested()) return queue_.Done(training);
  const bool news = !outcome.ok() || !target->known.report || *outcome != *target->known.report;
  if (!Take(training, target->pod, outcome)) return queue_.Done(training);
  if (!outcome.ok()) {
    queue_.Failed(training);
  } else if (crowded) {
    queue_.Done(training, options_.crowded);
  } else {
    const base::Duration round = clock_.Now() - started;
    const bool circling = !news && round < std::min<base::Duration>(kShortestRound, wait);
    queue_.Done(training, circling ? kShortestRound : base::Duration::zero());
  }
}

base::Result<TrainerReport> TrainerFollower::Ask(const TrainerPod& pod,
                                                 std::optional<int64_t> revision, seconds wait,
                                                 const base::Until& until) {
  const std::string place = options_.url(pod.ip);
  std::string url = place;
  if (revision) url += fmt::format("?revision={}&wait={}s", *revision, wait.count());
  const net::Response answer = TRY(http_->Send({.url = url}, until));
  if (answer.status != 200) {
    return base::Fail(base::Code::kUnavailable, "{} answered {}, not 200", place, answer.status);
  }
  return ReadTrainerReport(answer.body).During("the answer of " + place);
}

bool TrainerFollower::Take(const kube::Key& training, const TrainerPod& pod,
                           const base::Result<TrainerReport>& outcome) {
  bool kept = false;
  Followed before, after;
  state_.With([&](State& state) {
    auto found = state.targets.find(training);
    if (found == state.targets.end() || found->second.pod != pod) return;
    kept = true;
    Target& target = found->second;
    before = target.known;
    if (outcome.ok()) {
      target.failures = 0;
      target.known = {*outcome, ""};
    } else if (++target.failures > 1 || !target.known.report) {
      // One broken call of a trainer that answered before is no trouble yet.
      target.known.trouble = outcome.error().message();
    }
    after = target.known;
  });
  if (kept && before != after) {
    // One that has just begun may take a moment until it listens.
    if (before.answers() && !after.answers()) {
      log_.Warn("trainer does not answer", {{"training", training.Text()}, {"why", after.trouble}});
    } else if (!before.answers() && after.answers()) {
      log_.Info("trainer answers", {{"training", training.Text()}});
    }
    listener_(training);
  }
  return kept;
}

}  // namespace vmafx::operators
