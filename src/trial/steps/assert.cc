#include "trial/steps/assert.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "trial/steps/commands.h"
#include "trial/steps/expressions.h"
#include "trial/steps/timeline.h"
#include "trial/steps/view.h"

namespace trial {
namespace {

using base::Code;

constexpr base::Duration kFirstPause = std::chrono::milliseconds(100);
constexpr base::Duration kLongestPause = std::chrono::seconds(1);
// Progress is for people: not more often than this, and causes only for waits that one notices.
constexpr base::Duration kProgressEvery = std::chrono::milliseconds(100);
constexpr base::Duration kCauseAfter = std::chrono::milliseconds(1500);
// For the last look and the diagnosis after the deadline.
constexpr base::Duration kLastLook = std::chrono::seconds(3);

// All judgements of one look, one for each Wanted.
struct Round {
  std::vector<Judgement> judgements;
  size_t holding = 0;
  bool all() const { return holding == judgements.size(); }
};

class Waiter {
 public:
  Waiter(const StepContext& context, const Step& step, const base::Until& until)
      : context_(context),
        step_(step),
        expressions_(context, step),
        signal_(context.stores, context.story),
        started_(until.clock().Now()) {
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
    Round round = Look(Freshness::kFresh, until);
    bool fresh = true;
    for (;;) {
      const uint64_t seen = signal_.count();
      if (!fresh) round = Look(Freshness::kWatched, until);
      confirmed_ = true;
      LookAtTime(until);
      if (round.all() && time_.holds) {
        if (!fresh) round = Look(Freshness::kFresh, until);
        confirmed_ = round.all();
        if (round.all() && CommandsSucceed(round, until)) return {};
      }
      if (time_.final) return Explained(round, "", until);
      if (until.Over() || commands_timed_out_) return GiveUp(until);
      if (const size_t dead = FindHopeless(round); dead < wanted_.size())
        return Explained(round, hopeless_, until);
      if (fresh) {
        // What happened between the look and the watch must not be missed: look again at once.
        fresh = false;
        Watch(until);
        if (round.holding < round.judgements.size()) continue;
      }
      const bool told = TellProgress(round, until);
      std::optional<base::Duration> pause = Pause(round);
      if (!told) pause = std::min(pause.value_or(kProgressEvery), kProgressEvery);
      signal_.Wait(seen, pause, until);
      if (!watching_all_) Watch(until);
    }
  }

 private:
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
    if (!watched.current) watches_current_ = false;
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
    Round round;
    watches_current_ = true;
    for (Wanted& wanted : wanted_) {
      round.judgements.push_back(LookAt(wanted, freshness, until));
      if (round.judgements.back().holds) ++round.holding;
    }
    if (expressions_.any()) LookAtExpressions(round, until);
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
  void Watch(const base::Until& until) {
    watching_all_ = true;
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
    if (!HasCommands()) return;
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
    if (!signal_.Add(kind, ns, until).ok()) return false;
    watched_.emplace(kind, ns);
    return true;
  }

  bool HasCommands() const { return step_.check && !step_.check->commands.empty(); }

  // How long to wait without a change: for ever where everything that can change is watched.
  std::optional<base::Duration> Pause(const Round& round) {
    // Time alone may be what is missing.
    if (round.all() && !time_.holds)
      return std::min(time_.again.value_or(kLongestPause), kLongestPause);
    const bool commands_pending = round.all();
    const bool failed_to_look =
        std::any_of(round.judgements.begin(), round.judgements.end(),
                    [](const Judgement& judgement) { return judgement.error.has_value(); });
    const bool by_clock = commands_pending || failed_to_look || !confirmed_ || !watches_current_ ||
                          !watching_all_ || !signal_.watching_all();
    if (by_clock) {
      const base::Duration pause = pause_;
      pause_ = std::min(pause_ * 2, kLongestPause);
      return pause;
    }
    pause_ = kFirstPause;
    // The cause of a wait is shown even if nothing moves any more.
    const base::Duration waited = context_.story.clock().Now() - started_;
    if (waited < kCauseAfter) return kCauseAfter - waited;
    return std::nullopt;
  }

  // Runs the assert commands; true when all succeed while the objects stay as they are.
  bool CommandsSucceed(Round& round, const base::Until& until) {
    if (!HasCommands()) return true;
    const uint64_t before = signal_.count();
    if (!RunCommands(until)) return false;
    if (signal_.count() == before && !wanted_.empty() && !watched_.empty()) return true;
    // Without a watch only another look tells whether they moved meanwhile.
    round = Look(Freshness::kFresh, until);
    return round.all();
  }

  bool RunCommands(const base::Until& until) {
    const CommandSettings settings{context_.directory, context_.environment, context_.ns,
                                   std::nullopt};
    std::string output;
    Outcome outcome;
    for (const CommandSpec& spec : step_.check->commands) {
      CommandResult result = RunCommand(spec, settings, {}, until);
      if (!spec.skip_log_output) output += result.output;
      if (result.outcome.ok() && context_.variables != nullptr)
        result.outcome = KeepOutput(spec, result, *context_.variables);
      if (result.outcome.ok()) continue;
      outcome = std::move(result.outcome);
      commands_timed_out_ = result.timed_out && until.Expired();
      break;
    }
    // Cut off by the deadline it says less than the try before it.
    if (commands_timed_out_ && !command_failures_.ok()) return false;
    command_failures_ = std::move(outcome);
    TellOutput(std::move(output));
    return command_failures_.ok();
  }

  // Every round prints the same: only what is new is worth a line.
  void TellOutput(std::string output) {
    if (output == last_output_) return;
    for (const std::string& line : base::Split(output, '\n'))
      if (!line.empty()) context_.story.Line(line);
    last_output_ = std::move(output);
  }

  size_t FindHopeless(const Round& round) {
    for (size_t i = 0; i < wanted_.size(); ++i) {
      if (!wanted_[i].condition) continue;
      hopeless_ = Hopeless(*wanted_[i].condition, round.judgements[i]);
      if (!hopeless_.empty()) return i;
    }
    return wanted_.size();
  }

  // False when there may be news that it is too early to tell.
  bool TellProgress(const Round& round, const base::Until& until) {
    const base::Instant now = until.clock().Now();
    if (told_at_ && now - *told_at_ < kProgressEvery) return false;
    WaitProgress progress;
    progress.id = context_.story.id();
    progress.of = static_cast<int>(round.judgements.size() +
                                   (step_.check ? step_.check->commands.size() : 0));
    progress.satisfied = static_cast<int>(round.holding);
    progress.waited = now - started_;
    progress.left = until.Left();
    DescribeWait(round, progress);
    if (progress.waited >= kCauseAfter && !round.all()) progress.cause = LiveCause(round, until);
    if (progress.mismatch == told_.mismatch && progress.cause == told_.cause &&
        progress.waiting_for == told_.waiting_for) {
      return true;
    }
    told_at_ = now;
    told_ = progress;
    context_.story.announcer().Tell(progress);
    return true;
  }

  void DescribeWait(const Round& round, WaitProgress& progress) const {
    for (size_t i = 0; i < wanted_.size(); ++i) {
      if (round.judgements[i].holds) continue;
      progress.waiting_for =
          fmt::format("{} ({})", Subject(wanted_[i]), wanted_[i].manifest.At().Text());
      progress.mismatch = Miss(wanted_[i], round.judgements[i]);
      return;
    }
    if (!round.all()) {
      progress.waiting_for = expressions_.Subject();
      progress.mismatch = expressions_.Miss();
      return;
    }
    if (!time_.failures.empty()) {
      progress.waiting_for = fmt::format("time ({})", time_.failures.front().Place());
      progress.mismatch = time_.failures.front().message;
      return;
    }
    if (command_failures_.failures.empty()) return;
    const Failure& failure = command_failures_.failures.front();
    progress.waiting_for = fmt::format("a command ({})", failure.Place());
    progress.mismatch = failure.message;
  }

  static std::string Subject(const Wanted& wanted) {
    return wanted.condition ? wanted.condition->Subject() : wanted.manifest.object.Text();
  }

  static std::string Miss(const Wanted& wanted, const Judgement& judgement) {
    if (wanted.condition) return NearestMiss(*wanted.condition, judgement);
    if (judgement.error) return judgement.error->message();
    return fmt::format("the cluster does not serve {} {}",
                       wanted.manifest.object.kind().ApiVersion(),
                       wanted.manifest.object.kind().kind);
  }

  std::string LiveCause(const Round& round, const base::Until& until) {
    const base::Until soon = until.Within(kLastLook);
    for (const kube::Kind& kind : {kube::Kind{"", "v1", "Pod"}, kube::Kind{"", "v1", "Event"}})
      (void)WatchKind(kind, context_.ns, soon);
    const World world = ReadWorld(context_, Freshness::kWatched, soon);
    const auto cause = CauseOf(round, world);
    return cause.empty() ? "" : cause.back();
  }

  // Of the first condition that does not hold.
  std::vector<std::string> CauseOf(const Round& round, const World& world) const {
    for (const Judgement& judgement : round.judgements) {
      if (judgement.holds) continue;
      return judgement.nearest ? Diagnose(*judgement.nearest, world) : DiagnoseAbsence(world);
    }
    return {};
  }

  // The deadline is over: a last fresh look decides and explains.
  Outcome GiveUp(const base::Until& until) {
    if (until.Stopped()) {
      Outcome outcome;
      outcome.Add(Verdict::kErrored, FailureAt({step_.file, {}}, "interrupted"));
      if (!told_.waiting_for.empty())
        outcome.failures.front().details.push_back(
            fmt::format("while waiting for {}: {}", told_.waiting_for, told_.mismatch));
      return outcome;
    }
    const base::Until last = base::Until::After(until.clock(), kLastLook, until.stop());
    const Round round = Look(Freshness::kFresh, last);
    LookAtTime(last);
    if (round.all() && time_.holds && !HasCommands()) return {};
    return Explained(round, "", until);
  }

  Outcome Explained(const Round& round, const std::string& hopeless, const base::Until& until) {
    const base::Until last = base::Until::After(until.clock(), kLastLook, until.stop());
    Outcome outcome;
    const World world = round.all() ? World{} : ReadWorld(context_, Freshness::kFresh, last);
    for (size_t i = 0; i < wanted_.size(); ++i) {
      const Judgement& judgement = round.judgements[i];
      if (judgement.holds) continue;
      Failure failure = ExplainOne(wanted_[i], judgement, last);
      failure.cause =
          judgement.nearest ? Diagnose(*judgement.nearest, world) : DiagnoseAbsence(world);
      outcome.Add(judgement.error ? VerdictOf(*judgement.error) : Verdict::kFailed,
                  std::move(failure));
    }
    if (expressions_.any() && !round.judgements.back().holds)
      ExplainExpressions(round, world, outcome);
    for (Failure& failure : time_.failures) outcome.Add(Verdict::kFailed, std::move(failure));
    if (round.all() && outcome.ok()) {
      for (Failure& failure : command_failures_.failures)
        outcome.Add(command_failures_.verdict, std::move(failure));
    }
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

  // Only where their objects are there: else that is the failure.
  void ExplainExpressions(const Round& round, const World& world, Outcome& outcome) const {
    const auto refs = round.judgements.begin() + static_cast<std::ptrdiff_t>(first_ref_);
    const Judgement& judgement = round.judgements.back();
    if (!std::all_of(refs, round.judgements.end() - 1,
                     [](const Judgement& ref) { return ref.holds; }))
      return;
    for (Failure& failure : expressions_.Failures()) {
      if (judgement.nearest) failure.cause = Diagnose(*judgement.nearest, world);
      outcome.Add(judgement.error ? VerdictOf(*judgement.error) : Verdict::kFailed,
                  std::move(failure));
    }
  }

  Failure ExplainOne(const Wanted& wanted, const Judgement& judgement, const base::Until& until) {
    if (!wanted.condition) {
      return FailureAt(wanted.manifest.At(),
                       fmt::format("{}: {}", Subject(wanted), Miss(wanted, judgement)));
    }
    std::vector<std::string> neighbours;
    if (!judgement.nearest && !judgement.error &&
        wanted.condition->want != Condition::Want::kAbsent) {
      const auto others =
          context_.client.List(wanted.condition->kind, {wanted.condition->ns, {}, ""}, until);
      if (others.ok())
        for (const auto& other : others->items) neighbours.push_back(other->name());
    }
    return Explain(*wanted.condition, judgement, neighbours);
  }

  const StepContext& context_;
  const Step& step_;
  Expressions expressions_;
  std::vector<Wanted> wanted_;
  size_t first_ref_ = 0;  // of wanted_: where the objects of expressions begin
  ChangeSignal signal_;
  std::set<std::pair<kube::Kind, std::string>> watched_;
  bool watching_all_ = false;
  bool watches_current_ = true;
  bool confirmed_ = true;  // the watches said the same as the fresh look
  base::Duration pause_ = kFirstPause;
  Timeline::View time_;
  base::Instant started_;
  std::string hopeless_;
  Outcome command_failures_;
  bool commands_timed_out_ = false;
  std::string last_output_;
  std::optional<base::Instant> told_at_;
  WaitProgress told_;
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
