#include "trial/test_run.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "trial/collect.h"
#include "trial/steps/assert.h"
#include "trial/steps/commands.h"
#include "trial/steps/delete.h"
#include "trial/steps/outputs.h"
#include "trial/steps/timeline.h"

namespace trial {
namespace {

using base::Code;

const kube::Kind kNamespace{"", "v1", "Namespace"};

constexpr int kFinallyIndex = -2;

constexpr char kTestAnnotation[] = "seatrial.dev/test";
constexpr base::Duration kFirstPause = std::chrono::milliseconds(50);
constexpr base::Duration kLongestPause = std::chrono::seconds(1);
constexpr base::Duration kCollectLimit = std::chrono::seconds(20);
// What `finally` may still take when the run was interrupted.
constexpr base::Duration kLastWords = std::chrono::seconds(30);
constexpr base::Duration kReadOutputs = std::chrono::seconds(5);

kube::Object NamespaceObject(const std::string& ns, const std::string& run, const TestId& id) {
  return kube::Object({{"apiVersion", "v1"},
                       {"kind", "Namespace"},
                       {"metadata",
                        {{"name", ns},
                         {"labels", {{kRunLabel, run}}},
                         {"annotations", {{kTestAnnotation, id.suite + "/" + id.test}}}}}});
}

class TestRun {
 public:
  TestRun(const PlannedTest& test, std::string ns, const TestSettings& settings,
          kube::Client& client, StorePool& stores, Announcer& announcer)
      : plan_(test),
        ns_(std::move(ns)),
        settings_(settings),
        client_(client),
        stores_(stores),
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
    announcer_.Tell(TestEnded{plan_.id, verdict, Now() - started});
    if (settings_.lookout != nullptr) settings_.lookout->End(plan_.id, ns_, verdict, until);
    stores_.Release(ns_);
    leftovers_.created = std::move(applied_.created);
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
    const auto made =
        outcome.ok() ? MakeNamespace(story, until.Within(settings_.timeout)) : base::Ok();
    if (!made.ok()) {
      outcome.Add(Verdict::kErrored, FailureAt({}, fmt::format("creating namespace {}: {}", ns_,
                                                               made.error().message())));
    }
    announcer_.Tell(StepEnded{id, outcome.verdict, outcome.failures, {}, 0, Now() - started});
    return outcome.verdict;
  }

  // Tries again while the API server does not answer.
  base::Result<> MakeNamespace(const Story& story, const base::Until& until) {
    for (base::Duration pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
      const auto made =
          client_.Create(NamespaceObject(ns_, settings_.run, plan_.id), Shielded(until));
      if (made.ok()) {
        leftovers_.ns_uid = made->uid();
        story.Line(fmt::format("namespace {} created", ns_));
        return base::Ok();
      }
      if (made.Is(Code::kExists)) return UseNamespace(story, until);
      if (made.Is(Code::kDenied)) return UseForbiddenNamespace(story, made.error(), until);
      leftovers_.perhaps_made = true;
      if (!made.Is(Code::kUnavailable) || !until.Pause(pause)) return made.error();
    }
  }

  // One that is there already: the suite's own, or ours after an answer that got lost.
  base::Result<> UseNamespace(const Story& story, const base::Until& until) {
    const kube::Object present = TRY(client_.Get(kNamespace, {"", ns_}, until));
    if (present.deleting())
      return base::Fail(Code::kUnavailable, "it is being deleted: wait until it is gone");
    if (present.Label(kRunLabel) == settings_.run)
      leftovers_.ns_uid = present.uid();
    else
      story.Line(fmt::format("namespace {} is there already: it will not be deleted", ns_));
    return base::Ok();
  }

  // As kuttl: without the right to create one, one that is there (or may be) is used.
  base::Result<> UseForbiddenNamespace(const Story& story, const base::Error& denied,
                                       const base::Until& until) {
    const auto present = client_.Get(kNamespace, {"", ns_}, until);
    if (present.Is(Code::kNotFound)) return denied;
    if (!present.ok() && !present.Is(Code::kDenied)) return present.error();
    story.Line(fmt::format("namespace {} may not be created by us: using it as it is", ns_));
    return base::Ok();
  }

  StepContext Context(const StepId& id) {
    auto environment = settings_.environment;
    for (const auto& [name, value] : variables_) environment[name] = VariableText(value);
    return {client_,
            stores_,
            Story(announcer_, id),
            ns_,
            plan_.test.directory,
            std::move(environment),
            settings_.timeout,
            settings_.evaluator,
            settings_.run,
            !leftovers_.ns_uid.empty(),
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
    const StepContext context = Context(id);
    if (settings_.lookout != nullptr) settings_.lookout->Follow(ns_, KindsSoFar(step));
    Outcome outcome = DoExpanded(context, step, limit, until);
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
  Outcome DoExpanded(StepContext context, const Step& step, base::Duration limit,
                     const base::Until& until) {
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
    return Do(context, *expanded, limit, until);
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
    const Outcome outcome =
        RunAll(commands, SettingsOf(Context(context.story.id())), context.story, variables_, outer);
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
    const StepContext context = Context(id);
    const Outcome outcome = RunAll(commands, SettingsOf(context), context.story, variables_, last);
    announcer_.Tell(StepEnded{id, outcome.verdict, outcome.failures, {}, 0, Now() - started});
    return outcome.verdict;
  }

  // kuttl's order: delete, commands, apply (also when a command failed), then the asserts, but only
  // if all went well so far.
  Outcome Do(StepContext& context, const Step& step, base::Duration limit,
             const base::Until& until) {
    Outcome outcome = Delete(context, step.deletes, until.Within(limit));
    if (until.Stopped()) return Interrupted(step);
    if (!outcome.ok()) return outcome;
    outcome = RunCommands(context, step, until);
    for (const auto& [name, value] : variables_) context.environment[name] = VariableText(value);
    Outcome applied = Apply(context, step.apply, applied_, until);
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
        const CommandResult result = RunPatiently(spec, settings, context.story, until);
        outcome = result.outcome.ok() ? KeepOutput(spec, result, variables_) : result.outcome;
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
  kube::Client& client_;
  StorePool& stores_;
  Announcer& announcer_;
  AppliedObjects applied_;
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
