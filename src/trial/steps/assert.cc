#include "trial/steps/assert.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "trial/history.h"
#include "trial/hopeless.h"
#include "trial/steps/account.h"
#include "trial/steps/assert_commands.h"
#include "trial/steps/expressions.h"
#include "trial/steps/live_cause.h"
#include "trial/steps/round.h"
#include "trial/steps/timeline.h"
#include "trial/steps/wait_teller.h"

namespace trial {
namespace {

constexpr base::Duration kFirstPause = std::chrono::milliseconds(100);
constexpr base::Duration kShortestPause = std::chrono::milliseconds(10);
constexpr base::Duration kLongestPause = std::chrono::seconds(1);
// Causes are looked for only where one notices the wait: that may open watches.
constexpr base::Duration kCauseAfter = std::chrono::seconds(1);
// A look that is not answered for so long is told, and begun anew. An overloaded API server asks to
// stay away for at most 8 s.
constexpr base::Duration kLongestLook = std::chrono::seconds(10);
// For the last look and the diagnosis after the deadline.
constexpr base::Duration kLastLook = std::chrono::seconds(3);

class Waiter {
 public:
  Waiter(const StepContext& context, const Step& step, const base::Until& until)
      : context_(context),
        step_(step),
        expressions_(context, step),
        signal_(context.stores, context.story),
        commands_(context, step),
        live_(context, signal_),
        teller_(context.story),
        started_(until.clock().Now()),
        history_(std::make_shared<FieldHistory>(started_)) {
    for (const Manifest& manifest : step.asserts)
      wanted_.push_back({manifest, Condition::Want::kPresent, {}});
    for (const Manifest& manifest : step.errors)
      wanted_.push_back({manifest, Condition::Want::kAbsent, {}});
    if (step.check)
      for (const auto& demand : step.check->match)
        wanted_.push_back({ManifestOf(*demand), Condition::Want::kMatch, {}, {}, demand});
    first_ref_ = wanted_.size();
    for (Wanted& ref : expressions_.Refs()) wanted_.push_back(std::move(ref));
  }

  Outcome Wait(const base::Until& until) {
    // Where the run watches the kinds already, waiting costs no request: only passing does.
    Freshness freshness =
        EverythingIsWatched(until.Within(kLongestLook)) ? Freshness::kWatched : Freshness::kFresh;
    bool subscribed = false;
    for (;;) {
      const uint64_t seen = signal_.count();
      Round round = Look(freshness, until);
      confirmed_ = true;
      LookAtTime(until);
      if (round.all() && time_.holds) {
        if (freshness == Freshness::kWatched) round = Look(Freshness::kFresh, until);
        confirmed_ = round.all();
        if (round.all() && CommandsSucceed(round, until)) return {};
      }
      if (time_.final) return Explained(round, "", until);
      if (until.Over() || commands_.timed_out()) return GiveUp(until);
      if (auto outcome = EndHopeless(std::move(round), freshness, until)) return *outcome;
      if (!subscribed) {
        // What happened between the look and the watch must not be missed: look again at once.
        subscribed = true;
        freshness = Freshness::kWatched;
        Watch(until);
        if (round_.holding < round_.judgements.size()) continue;
      }
      const bool told = Tell(until);
      if (told && context_.fail_early)
        if (auto outcome = EndEarly(until)) return *outcome;
      std::optional<base::Duration> pause = Pause();
      if (!told) pause = std::min(pause.value_or(WaitTeller::kEvery), WaitTeller::kEvery);
      signal_.Wait(seen, pause, until);
      if (!watching_all_) Watch(until);
    }
  }

 private:
  bool EverythingIsWatched(const base::Until& until) {
    return !wanted_.empty() && std::all_of(wanted_.begin(), wanted_.end(), [&](Wanted& wanted) {
      return Resolve(context_.client, context_.ns, wanted, until).ok() && wanted.condition &&
             context_.stores.HasCurrent(wanted.condition->kind, wanted.condition->ns);
    });
  }

  Judgement LookAt(Wanted& wanted, Freshness freshness, const base::Until& until) {
    Judgement judgement;
    const auto resolved = Resolve(context_.client, context_.ns, wanted, until);
    if (!resolved.ok()) {
      judgement.error = resolved.error();
      return judgement;
    }
    if (!wanted.condition) {
      // A kind that the cluster does not serve has no objects.
      judgement.holds =
          wanted.want == Condition::Want::kAbsent || (wanted.demand && wanted.demand->never);
      return judgement;
    }
    const auto candidates = Candidates(*wanted.condition, freshness, until);
    if (candidates.ok()) return Judge(*wanted.condition, *candidates);
    judgement.error = candidates.error();
    return judgement;
  }

  base::Result<std::vector<kube::ObjectPtr>> Candidates(const Condition& condition,
                                                        Freshness freshness,
                                                        const base::Until& until) {
    if (freshness == Freshness::kFresh) return ReadFresh(context_.client, condition, until);
    Watched watched = TRY(ReadWatched(context_, condition, until));
    if (watched.current) return std::move(watched.objects);
    watches_current_ = false;
    // Without a watch the looks are all that the history has.
    for (const kube::ObjectPtr& object : watched.objects)
      if (watched.denied)
        history_->Record({kube::ChangeType::kModified, object}, context_.story.clock().Now());
    return std::move(watched.objects);
  }

  // What must hold for a time, never, or in an order: the watches have followed it all along.
  void LookAtTime(const base::Until& until) {
    if (context_.timeline == nullptr) return;
    const auto followed = context_.timeline->Follow(context_, until);
    time_ = context_.timeline->Look(until.clock().Now());
    if (followed.ok() || until.Over()) return;
    time_.holds = false;
    time_.final = true;
    time_.failures = {FailureAt({step_.file, {}}, followed.error().message())};
  }

  Round Look(Freshness freshness, const base::Until& until) {
    const base::Until soon = until.Within(kLongestLook);
    Round round;
    watches_current_ = true;
    for (Wanted& wanted : wanted_) {
      round.judgements.push_back(LookAt(wanted, freshness, soon));
      if (round.judgements.back().holds) ++round.holding;
    }
    if (expressions_.any()) LookAtExpressions(round, soon);
    return round;
  }

  // Behind all others: a judgement that no Wanted belongs to.
  void LookAtExpressions(Round& round, const base::Until& until) {
    const std::vector<Judgement> refs(
        round.judgements.begin() + static_cast<std::ptrdiff_t>(first_ref_), round.judgements.end());
    round.judgements.push_back(expressions_.Judge(refs, until));
    if (round.judgements.back().holds) ++round.holding;
  }

  // Subscribes to the kinds that are known by now; the unknown ones are looked up by the clock.
  void Watch(const base::Until& outer) {
    const base::Until until = outer.Within(kLongestLook);
    watching_all_ = true;
    for (size_t i = 0; i < wanted_.size(); ++i)
      if (wanted_[i].condition) history_->Follow(i, *wanted_[i].condition);
    for (const Wanted& wanted : wanted_) {
      if (!wanted.condition) {
        watching_all_ = false;
        continue;
      }
      if (!WatchKind(wanted.condition->kind, wanted.condition->ns, until)) watching_all_ = false;
    }
    if (context_.timeline != nullptr) {
      for (const auto& [kind, ns] : context_.timeline->Followed())
        if (!WatchKind(kind, ns, until)) watching_all_ = false;
    }
    if (!commands_.any()) return;
    // What a command asks about is most likely what the step applied.
    for (const Manifest& manifest : step_.apply) {
      const auto resource = context_.client.Discover(manifest.object.kind(), until);
      if (!resource.ok()) continue;
      const std::string ns = manifest.object.ns().empty() ? context_.ns : manifest.object.ns();
      (void)WatchKind(resource->kind, resource->namespaced ? ns : "", until);
    }
  }

  bool WatchKind(const kube::Kind& kind, const std::string& ns, const base::Until& until) {
    if (watched_.count({kind, ns}) != 0) return true;
    const auto record = [history = history_, &clock = context_.story.clock()](
                            const kube::Change& change) { history->Record(change, clock.Now()); };
    if (!signal_.Add(kind, ns, until, record).ok()) return false;
    watched_.emplace(kind, ns);
    return true;
  }

  // How long to wait without a change: until there is something to tell where everything that can
  // change is watched.
  std::optional<base::Duration> Pause() {
    // Time alone may be what is missing.
    if (round_.all() && !time_.holds)
      return std::min(time_.again.value_or(kLongestPause), kLongestPause);
    const bool commands_pending = round_.all();
    const bool by_clock = commands_pending || round_.failed_to_look() || !confirmed_ ||
                          !watches_current_ || !watching_all_ || !signal_.watching_all();
    if (by_clock) {
      const base::Duration pause = pause_;
      pause_ = std::min(pause_ * 2, kLongestPause);
      return pause;
    }
    pause_ = kFirstPause;
    const base::Instant now = context_.story.clock().Now();
    // The cause of a wait is shown even if nothing moves any more.
    if (now - started_ < kCauseAfter) return kCauseAfter - (now - started_);
    if (context_.fail_early && live_.fatal_at())
      return std::max<base::Duration>(*live_.fatal_at() - now, kShortestPause);
    // Nothing to look at, but a sign of life to give.
    return teller_.UntilAgain();
  }

  // Runs the assert commands; true when all succeed while the objects stay as they are.
  bool CommandsSucceed(Round& round, const base::Until& until) {
    if (!commands_.any()) return true;
    const uint64_t before = signal_.count();
    if (!commands_.Run(until)) return false;
    if (signal_.count() == before && !wanted_.empty() && !watched_.empty()) return true;
    // Without a watch only another look tells whether they moved meanwhile.
    round = Look(Freshness::kFresh, until);
    return round.all();
  }

  // Ends the wait where a condition can never hold any more. Keeps the round. A copy may be of
  // before our own last write (a Job that was replaced by one of the same name): asked once more.
  std::optional<Outcome> EndHopeless(Round round, Freshness freshness, const base::Until& until) {
    round_ = std::move(round);
    if (HopelessIn(round_).empty()) return std::nullopt;
    if (freshness == Freshness::kWatched) round_ = Look(Freshness::kFresh, until);
    const std::string hopeless = HopelessIn(round_);
    if (hopeless.empty()) return std::nullopt;
    return Explained(round_, hopeless, until);
  }

  std::string HopelessIn(const Round& round) const {
    for (size_t i = 0; i < wanted_.size(); ++i) {
      if (!wanted_[i].condition) continue;
      if (auto why = Hopeless(*wanted_[i].condition, round.judgements[i]); !why.empty()) return why;
    }
    return "";
  }

  // The first that does not hold; wanted_.size() when all do.
  size_t FirstMiss() const {
    size_t i = 0;
    while (i < wanted_.size() && round_.judgements[i].holds) ++i;
    return i;
  }

  // With `failEarly`: ends the wait for a cause that stays until somebody mends it.
  std::optional<Outcome> EndEarly(const base::Until& until) {
    const size_t i = FirstMiss();
    if (i == wanted_.size() || wanted_[i].want == Condition::Want::kAbsent) return std::nullopt;
    const auto& demand = wanted_[i].demand;
    if (demand && (demand->never || demand->count)) return std::nullopt;
    if (!wanted_[i].condition || !round_.judgements[i].nearest) return std::nullopt;
    const auto fatal = live_.Fatal(*wanted_[i].condition, until.clock().Now());
    if (!fatal) return std::nullopt;
    const Round round = Look(Freshness::kFresh, until);
    if (round.judgements[i].holds) return std::nullopt;
    return Explained(round, "failEarly: " + fatal->text, until);
  }

  // False when there may be news that it is too early to tell.
  bool Tell(const base::Until& until) {
    if (teller_.TooEarly()) return false;
    WaitProgress progress;
    progress.of = static_cast<int>(round_.judgements.size() + commands_.size());
    progress.satisfied = static_cast<int>(round_.holding);
    DescribeWait(progress);
    const bool noticed = until.clock().Now() - started_ >= kCauseAfter;
    if (!round_.all() && (noticed || context_.fail_early)) {
      live_.Look(wanted_, round_, until.Within(kLastLook));
      if (noticed) progress.cause = live_.Text();
    }
    teller_.Tell(std::move(progress), until);
    return true;
  }

  void DescribeWait(WaitProgress& progress) const {
    if (const size_t i = FirstMiss(); i < wanted_.size()) {
      progress.waiting_for =
          fmt::format("{} ({})", SubjectOf(wanted_[i]), wanted_[i].manifest.At().Text());
      progress.mismatch = MissOf(wanted_[i], round_.judgements[i]);
      return;
    }
    if (!round_.all()) {
      progress.waiting_for = expressions_.Subject();
      progress.mismatch = expressions_.Miss();
      return;
    }
    if (!time_.failures.empty()) {
      progress.waiting_for = fmt::format("time ({})", time_.failures.front().Place());
      progress.mismatch = time_.failures.front().message;
      return;
    }
    if (commands_.outcome().failures.empty()) return;
    const Failure& failure = commands_.outcome().failures.front();
    progress.waiting_for = fmt::format("a command ({})", failure.Place());
    progress.mismatch = failure.message;
  }

  // The deadline is over: a last fresh look decides and explains.
  Outcome GiveUp(const base::Until& until) {
    if (until.Stopped()) {
      Outcome outcome;
      outcome.Add(Verdict::kErrored, FailureAt({step_.file, {}}, "interrupted"));
      if (const WaitProgress& told = teller_.told(); !told.waiting_for.empty())
        outcome.failures.front().details.push_back(
            fmt::format("while waiting for {}: {}", told.waiting_for, told.mismatch));
      return outcome;
    }
    const base::Until last = base::Until::After(until.clock(), kLastLook, until.stop());
    const Round round = Look(Freshness::kFresh, last);
    LookAtTime(last);
    if (round.all() && time_.holds && !commands_.any()) return {};
    return Explained(round, "", until);
  }

  Outcome Explained(const Round& round, const std::string& hopeless, const base::Until& until) {
    const base::Until last = base::Until::After(until.clock(), kLastLook, until.stop());
    const WaitAccount account{wanted_,   first_ref_,         round, expressions_, time_,
                              *history_, commands_.outcome()};
    Outcome outcome = ExplainWait(context_, account, last);
    if (outcome.failures.empty()) {
      outcome.Add(Verdict::kFailed,
                  FailureAt({step_.file, {}}, "the conditions never held all at once"));
    }
    Failure& first = outcome.failures.front();
    if (!hopeless.empty()) {
      first.cause.insert(first.cause.begin(), hopeless + ": not waited for any longer");
    } else {
      first.details.push_back(
          fmt::format("waited {} for it", base::FormatSpan(until.clock().Now() - started_)));
    }
    return outcome;
  }

  const StepContext& context_;
  const Step& step_;
  Expressions expressions_;
  std::vector<Wanted> wanted_;
  size_t first_ref_ = 0;  // of wanted_: where the objects of expressions begin
  ChangeSignal signal_;
  AssertCommands commands_;
  LiveCause live_;
  WaitTeller teller_;
  std::set<std::pair<kube::Kind, std::string>> watched_;
  Round round_;  // the last look
  bool watching_all_ = false;
  bool watches_current_ = true;
  bool confirmed_ = true;  // the watches said the same as the fresh look
  base::Duration pause_ = kFirstPause;
  Timeline::View time_;
  base::Instant started_;
  std::shared_ptr<FieldHistory> history_;
};

}  // namespace

Outcome AwaitAsserts(const StepContext& context, const Step& step, const base::Until& until) {
  const bool no_commands = !step.check || step.check->commands.empty();
  const bool no_objects = !step.check || (step.check->refs.empty() && step.check->match.empty());
  const bool no_expressions =
      !step.check || (step.check->assert_any.empty() && step.check->assert_all.empty());
  const bool no_order = !step.check || step.check->order.empty();
  if (step.asserts.empty() && step.errors.empty() && no_commands && no_objects && no_expressions &&
      no_order)
    return {};
  return Waiter(context, step, until).Wait(until);
}

}  // namespace trial
