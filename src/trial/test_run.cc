#include "trial/test_run.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "trial/collect.h"
#include "trial/event_lines.h"
#include "trial/steps/assert.h"
#include "trial/steps/commands.h"
#include "trial/steps/delete.h"
#include "trial/steps/outputs.h"
#include "trial/steps/timeline.h"
#include "trial/test_clusters.h"

namespace trial {
namespace {

using base::Code;

constexpr int kFinallyIndex = -2;

// What `finally` may still take when the run was interrupted.
constexpr base::Duration kLastWords = std::chrono::seconds(30);
constexpr base::Duration kReadOutputs = std::chrono::seconds(5);
constexpr base::Duration kCollectLimit = std::chrono::seconds(20);
constexpr base::Duration kEventsLimit = std::chrono::seconds(5);

TestClustersOptions ClustersOptions(const TestSettings& settings, const std::string& ns) {
  return {settings.kubeconfig_files, settings.scratch, settings.run, ns, settings.cleanup_limit};
}

class TestRun {
 public:
  TestRun(const PlannedTest& test, std::string ns, const TestSettings& settings,
          kube::Client& client, StorePool& stores, Announcer& announcer)
      : plan_(test),
        ns_(std::move(ns)),
        settings_(settings),
        clusters_(client, stores, announcer.clock(), ClustersOptions(settings, ns_)),
        announcer_(announcer) {
    leftovers_.id = test.id;
    leftovers_.ns = ns_;
    leftovers_.keep = settings.skip_delete;
    variables_["NAMESPACE"] = ns_;
  }

  TestResult Run(const base::Until& until) {
    const base::Instant started = Now();
    const std::vector<Step>& steps = plan_.test.steps;
    announcer_.Tell(
        TestStarted{plan_.id, plan_.test.directory.string(), ns_, static_cast<int>(steps.size())});
    if (settings_.lookout != nullptr) settings_.lookout->Begin(plan_.id, ns_);
    Verdict verdict = SetUp(until);
    const base::Duration limit = plan_.test.rules.limit;
    const base::Until in_time = limit > base::Duration{} ? until.Within(limit) : until;
    std::vector<const Step*> begun;
    for (const Step& step : steps) {
      if (verdict != Verdict::kPassed) {
        SkipStep(step);
        continue;
      }
      begun.push_back(&step);
      verdict = RunStep(step, in_time, until);
    }
    verdict = Worse(verdict, RunFinally(begun, until));
    background_.clear();  // ends what steps left running
    if (settings_.log_events) TellEvents(until);
    announcer_.Tell(TestEnded{plan_.id, verdict, Now() - started});
    if (settings_.lookout != nullptr) settings_.lookout->End(plan_.id, ns_, verdict, until);
    clusters_.Release();
    leftovers_.ns_uid = clusters_.own().ns.uid;
    leftovers_.perhaps_made = clusters_.own().ns.perhaps_made;
    leftovers_.created = std::move(clusters_.own().applied.created);
    leftovers_.elsewhere = clusters_.TakeLeftovers(plan_.id);
    const bool failed = verdict == Verdict::kFailed || verdict == Verdict::kErrored;
    if (settings_.keep_failed && failed && !until.Stopped()) {
      leftovers_.keep = true;
      Story(announcer_, {plan_.id, -1, ""})
          .Warn({}, fmt::format("the test failed and is kept: namespace {}; `seatrial gc --run {} "
                                "--cluster NAME` (or --kubeconfig FILE) removes it",
                                ns_, settings_.run));
    }
    return {verdict, std::move(leftovers_)};
  }

 private:
  base::Instant Now() const { return announcer_.clock().Now(); }

  Verdict SetUp(const base::Until& until) {
    const base::Instant started = Now();
    const StepId id{plan_.id, -1, "setup"};
    announcer_.Tell(StepStarted{id, "", settings_.timeout, 0});
    const Story story(announcer_, id);
    Outcome outcome;
    if (until.Stopped()) outcome.Add(Verdict::kErrored, FailureAt({}, "interrupted"));
    if (outcome.ok()) Prepare(ClusterRef{}, story, outcome, until);
    for (const Step& step : plan_.test.steps)
      if (outcome.ok() && !step.cluster.lazy) Prepare(step.cluster, story, outcome, until);
    announcer_.Tell(StepEnded{id, outcome.verdict, outcome.failures, {}, 0, Now() - started});
    return outcome.verdict;
  }

  // The cluster that a step names, with the test's namespace on it; null when that failed, which is
  // added to `outcome`.
  TestCluster* Prepare(const ClusterRef& ref, const Story& story, Outcome& outcome,
                       const base::Until& until) {
    const auto found = clusters_.Find(ref);
    if (!found.ok()) {
      outcome.Add(Verdict::kErrored, FailureAt(ref.place, found.error().message()));
      return nullptr;
    }
    TestCluster& cluster = **found;
    if (cluster.has_ns) return &cluster;
    const auto made = MakeTestNamespace(*cluster.client, ns_, settings_.run, story, cluster.ns,
                                        until.Within(settings_.timeout));
    cluster.has_ns = made.ok();
    if (made.ok()) return &cluster;
    outcome.Add(Verdict::kErrored,
                FailureAt(ref.place,
                          fmt::format("creating namespace {}{}: {}", ns_,
                                      ref.named() ? " on " + cluster.client->access().server : "",
                                      made.error().message())));
    return nullptr;
  }

  // As kuttl's log ends a test; what cannot be read is said in its place.
  void TellEvents(const base::Until& until) {
    const Story story(announcer_, {plan_.id, -1, ""});
    const auto lines = EventLines(*clusters_.own().client, ns_, until.Within(kEventsLimit));
    if (!lines.ok()) return story.Line("no events: " + lines.error().message());
    story.Line(fmt::format("{} events from ns {}:", plan_.id.test, ns_));
    for (const std::string& line : *lines) story.Line(line);
  }

  StepContext Context(const TestCluster& cluster, const Story& story) {
    auto environment = settings_.environment;
    for (const auto& [name, value] : variables_) environment[name] = VariableText(value);
    if (!cluster.kubeconfig.empty()) environment["KUBECONFIG"] = cluster.kubeconfig;
    return {*cluster.client,
            *cluster.stores,
            story,
            ns_,
            plan_.test.directory,
            std::move(environment),
            settings_.timeout,
            settings_.evaluator,
            settings_.run,
            !cluster.ns.uid.empty(),
            false,
            &variables_};
  }

  void SkipStep(const Step& step) {
    const StepId id{plan_.id, step.index, step.name};
    announcer_.Tell(StepStarted{id, step.file, {}, Assertions(step)});
    announcer_.Tell(StepEnded{id, Verdict::kSkipped, {}, {}, Assertions(step), {}});
  }

  static int Assertions(const Step& step) {
    const size_t ours = step.check ? step.check->match.size() + step.check->order.size() : 0;
    return static_cast<int>(step.asserts.size() + step.errors.size() + ours);
  }

  // `until` ends with the test's own limit; `outer` does not.
  Verdict RunStep(const Step& step, const base::Until& in_time, const base::Until& outer) {
    const base::Until until = step.limit > base::Duration{} ? in_time.Within(step.limit) : in_time;
    const base::Instant started = Now();
    const StepId id{plan_.id, step.index, step.name};
    const base::Duration limit = LimitOf(step);
    announcer_.Tell(StepStarted{id, step.file, limit, Assertions(step)});
    const Story story(announcer_, id);
    Outcome outcome;
    if (settings_.lookout != nullptr) settings_.lookout->Follow(ns_, KindsSoFar(step));
    TestCluster* cluster = Prepare(step.cluster, story, outcome, until);
    StepContext context = Context(cluster == nullptr ? clusters_.own() : *cluster, story);
    context.fail_early = step.fail_early.value_or(settings_.fail_early);
    if (cluster != nullptr) outcome = DoExpanded(context, step, *cluster, limit, until);
    if (!outcome.ok() && until.Expired())
      outcome.failures.front().details.push_back(LimitText(step, in_time));
    if (!outcome.ok()) RunCatch(context, step, outer);
    std::vector<std::string> collected;
    if (!outcome.ok() && !until.Stopped()) {
      collected = Collect(context, step, outcome, KindsSoFar(step),
                          settings_.artifacts / plan_.artifacts / FolderName(step),
                          outer.Within(kCollectLimit));
    }
    announcer_.Tell(StepEnded{id, outcome.verdict, outcome.failures, collected, Assertions(step),
                              Now() - started});
    return outcome.verdict;
  }

  static Outcome Interrupted(const Step& step) {
    Outcome outcome;
    outcome.Add(Verdict::kErrored, FailureAt({step.file, {}}, "interrupted"));
    return outcome;
  }

  // Of each part of the step that waits.
  base::Duration LimitOf(const Step& step) const {
    if (step.check && step.check->timeout > 0) return std::chrono::seconds(step.check->timeout);
    return step.limit > base::Duration{} ? step.limit : settings_.timeout;
  }

  std::string LimitText(const Step& step, const base::Until& in_time) const {
    if (in_time.Expired())
      return fmt::format("the test's timeout of {} is over",
                         base::FormatSpan(plan_.test.rules.limit));
    return fmt::format("the step's timeout of {} is over", base::FormatSpan(step.limit));
  }

  // Variables first, then the watches that must see all of the step.
  Outcome DoExpanded(StepContext context, const Step& step, TestCluster& cluster,
                     base::Duration limit, const base::Until& until) {
    Outcome outcome;
    auto expanded = step.expand ? Expanded(step, variables_) : base::Result<Step>(step);
    if (!expanded.ok()) {
      outcome.Add(Verdict::kErrored, FailureAt({step.file, {}}, expanded.error().message()));
      return outcome;
    }
    Timeline timeline(*expanded);
    if (!timeline.empty()) {
      context.timeline = &timeline;
      const auto followed = timeline.Follow(context, until.Within(limit));
      if (!followed.ok()) {
        outcome.Add(Verdict::kErrored, FailureAt({step.file, {}}, followed.error().message()));
        return outcome;
      }
    }
    return Do(context, *expanded, cluster, limit, until);
  }

  CommandSettings SettingsOf(const StepContext& context) const {
    return {context.directory, context.environment, ns_, context.timeout};
  }

  // What is said there is for people: it changes no verdict.
  void RunCatch(const StepContext& context, const Step& step, const base::Until& outer) {
    std::vector<CommandSpec> commands = step.on_failure;
    const auto& of_test = plan_.test.rules.on_failure;
    commands.insert(commands.end(), of_test.begin(), of_test.end());
    if (commands.empty() || outer.Stopped()) return;
    context.story.Line("catch: the step has failed");
    CommandSettings settings = SettingsOf(context);
    for (const auto& [name, value] : variables_) settings.environment[name] = VariableText(value);
    const Outcome outcome = RunAll(commands, settings, context.story, variables_, outer);
    for (const Failure& failure : outcome.failures)
      context.story.Warn({failure.file, {failure.line, failure.column}},
                         "catch: " + failure.message);
  }

  // Of the steps that were begun, the last first; also when the run was interrupted.
  Verdict RunFinally(const std::vector<const Step*>& begun, const base::Until& until) {
    std::vector<CommandSpec> commands;
    for (auto step = begun.rbegin(); step != begun.rend(); ++step)
      commands.insert(commands.end(), (*step)->at_end.begin(), (*step)->at_end.end());
    if (commands.empty()) return Verdict::kPassed;
    const base::Instant started = Now();
    const StepId id{plan_.id, kFinallyIndex, "finally"};
    announcer_.Tell(StepStarted{id, commands.front().place.file, settings_.timeout, 0});
    const base::Until last =
        until.Stopped() ? base::Until::After(announcer_.clock(), kLastWords) : until;
    const StepContext context = Context(clusters_.own(), Story(announcer_, id));
    const Outcome outcome = RunAll(commands, SettingsOf(context), context.story, variables_, last);
    announcer_.Tell(StepEnded{id, outcome.verdict, outcome.failures, {}, 0, Now() - started});
    return outcome.verdict;
  }

  // kuttl's order: delete, commands, apply (also when a command failed), then the asserts, but only
  // if all went well so far.
  Outcome Do(StepContext& context, const Step& step, TestCluster& cluster, base::Duration limit,
             const base::Until& until) {
    Outcome outcome = Delete(context, step.deletes, until.Within(limit));
    if (until.Stopped()) return Interrupted(step);
    if (!outcome.ok()) return outcome;
    outcome = RunCommands(context, step, until);
    for (const auto& [name, value] : variables_) context.environment[name] = VariableText(value);
    Outcome applied = Apply(context, step.apply, cluster.applied, until);
    for (Failure& failure : applied.failures) outcome.Add(applied.verdict, std::move(failure));
    if (until.Stopped()) return Interrupted(step);
    if (!outcome.ok()) return outcome;
    outcome = AwaitAsserts(context, step, until.Within(limit));
    if (!outcome.ok() || !step.check || step.check->outputs.empty()) return outcome;
    return ReadOutputs(context, step.check->outputs, variables_,
                       base::Until::After(until.clock(), kReadOutputs, until.stop()));
  }

  Outcome RunCommands(const StepContext& context, const Step& step, const base::Until& until) {
    CommandSettings settings = SettingsOf(context);
    for (size_t i = 0; i < step.commands.size(); ++i) {
      const CommandSpec& spec = step.commands[i];
      context.story.Line("running command: " + CommandText(spec));
      Outcome outcome;
      if (spec.background) {
        outcome = StartInBackground(context, spec, settings);
      } else {
        CommandResult result = RunPatiently(spec, settings, context.story, until);
        outcome = result.outcome.ok() ? KeepOutput(spec, result, variables_) : result.outcome;
        if (result.left) background_.push_back(*std::move(result.left));
        for (const auto& [name, value] : variables_)
          settings.environment[name] = VariableText(value);
      }
      if (outcome.ok()) continue;
      const size_t left = step.commands.size() - i - 1;
      if (left > 0)
        context.story.Line(fmt::format("command failure, skipping {} additional commands", left));
      return outcome;
    }
    return {};
  }

  Outcome StartInBackground(const StepContext& context, const CommandSpec& spec,
                            const CommandSettings& settings) {
    context.story.Warn(spec.place, "a background command of a step ends with its test");
    const std::string output =
        (settings_.scratch / fmt::format("{}-{}.log", ns_, background_.size())).string();
    auto process = StartCommand(spec, settings, output);
    Outcome outcome;
    if (process.ok())
      background_.push_back(*std::move(process));
    else
      outcome.Add(Verdict::kErrored, FailureAt(spec.place, process.error().message()));
    return outcome;
  }

  std::vector<kube::Kind> KindsSoFar(const Step& last) const {
    std::set<kube::Kind> kinds;
    for (const Step& step : plan_.test.steps) {
      for (const auto* list : {&step.apply, &step.asserts, &step.errors})
        for (const Manifest& manifest : *list) kinds.insert(manifest.object.kind());
      if (step.check) {
        for (const ResourceRef& ref : step.check->refs) kinds.insert(ref.kind);
        for (const auto& demand : step.check->match) kinds.insert(demand->kind);
      }
      if (step.index == last.index) break;
    }
    return {kinds.begin(), kinds.end()};
  }

  // Names come from files and TestSteps: only plain characters make a folder.
  static std::string FolderName(const Step& step) {
    std::string name = step.Text();
    for (char& c : name) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '-' || c == '_';
      if (!plain) c = '_';
    }
    return name;
  }

  const PlannedTest& plan_;
  std::string ns_;
  const TestSettings& settings_;
  TestClusters clusters_;
  Announcer& announcer_;
  Variables variables_;
  Leftovers leftovers_;
  std::vector<sys::Process> background_;
};

}  // namespace

TestResult RunTest(const PlannedTest& test, const std::string& ns, const TestSettings& settings,
                   kube::Client& client, StorePool& stores, Announcer& announcer,
                   const base::Until& until) {
  return TestRun(test, ns, settings, client, stores, announcer).Run(until);
}

}  // namespace trial
