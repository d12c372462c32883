#include "app/seatrial/assert_commands.h"

#include <filesystem>

#include <fmt/format.h>

#include "app/seatrial/evaluation.h"
#include "app/seatrial/fetch.h"
#include "app/seatrial/finish.h"
#include "app/seatrial/suite_run.h"
#include "kube/client.h"
#include "sys/process.h"
#include "trial/announcer.h"
#include "trial/collect.h"
#include "trial/loader.h"
#include "trial/steps/assert.h"

namespace app {
namespace {

using base::Result;
using trial::Verdict;

trial::Step Load(const AssertFlags& flags, trial::Evaluation& evaluation,
                 trial::Problems& problems) {
  const auto remote = MakeRemoteFiles();
  trial::LoadOptions options;
  options.environment = sys::Environment();
  options.remote = remote.get();
  options.evaluation = &evaluation;
  return flags.errors ? trial::LoadErrors(flags.files, options, problems)
                      : trial::LoadAsserts(flags.files, options, problems);
}

int Judge(const AssertFlags& flags, const trial::Outcome& outcome) {
  if (outcome.ok()) {
    fmt::print("{} is valid\n", flags.errors ? "error assert" : "assert");
    return kPassed;
  }
  for (const trial::Failure& failure : outcome.failures)
    fmt::print("{}", trial::FailureText(failure));
  fmt::print(stderr, "Error: {} not valid\n", flags.errors ? "error asserts" : "asserts");
  return outcome.verdict == Verdict::kFailed ? kFailed : kErrored;
}

}  // namespace

AssertCommand AddAssertCommand(CLI::App& app, bool errors) {
  CLI::App* command = app.add_subcommand(
      errors ? "errors" : "assert", errors ? "wait until no object of the files is on the cluster"
                                           : "wait until the objects of the files are as they say");
  auto flags = std::make_shared<AssertFlags>();
  flags->errors = errors;
  command->add_option("file", flags->files, "files, directories (their *.yaml) or URLs");
  command->add_option("-n,--namespace", flags->ns, "of objects that name none")
      ->capture_default_str();
  command->add_option("--timeout", flags->timeout, "seconds to wait; 0: one look")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--strict", flags->strict, "warnings about the files are errors");
  command->footer(fmt::format("Example:\n  seatrial {} --cluster seatrial -n web 01-{}.yaml",
                              errors ? "errors" : "assert", errors ? "errors" : "assert"));
  return {command, std::move(flags), AddClusterFlags(*command)};
}

int CheckFiles(const AssertFlags& flags, const ClusterFlags& cluster, Context& context) {
  trial::Problems problems(flags.strict);
  const auto evaluator = MakeEvaluator("", context);
  auto evaluation = MakeEvaluation({}, {}, *evaluator, context);
  if (!evaluation.ok()) return Finish(evaluation.error(), context);
  const trial::Step step = Load(flags, *evaluation, problems);
  if (PrintProblems(problems.all())) return kUsage;
  const auto target = FindTarget(cluster, context);
  if (!target.ok()) return Finish(target.error(), context);
  const base::Log log = base::Log::ToStderr(base::Level::kError);
  const auto client = kube::MakeClient(target->access, log);
  trial::StorePool stores(*client, target->scope, context.clock, log);
  trial::Announcer announcer({}, context.clock);
  auto environment = sys::Environment();
  environment["NAMESPACE"] = flags.ns;
  int seconds = flags.timeout;
  if (step.check && step.check->timeout > 0) seconds = step.check->timeout;
  const base::Duration limit = std::chrono::seconds(seconds);
  const trial::StepContext step_context{*client,
                                        stores,
                                        trial::Story(announcer, {}),
                                        flags.ns,
                                        std::filesystem::current_path(),
                                        std::move(environment),
                                        limit,
                                        evaluator.get()};
  // One look needs some time, too.
  const auto until = base::Until::After(
      context.clock, seconds > 0 ? limit : std::chrono::seconds(1), context.signals.stop());
  const trial::Outcome outcome = trial::AwaitAsserts(step_context, step, until);
  if (context.signals.received() != 0) return kInterrupted;
  return Judge(flags, outcome);
}

void AddAssertCommands(CLI::App& app, Context& context) {
  for (const bool errors : {false, true}) {
    AssertCommand added = AddAssertCommand(app, errors);
    added.command->get_option("file")->required();
    added.command->callback([added, &context] {
      context.exit_code = CheckFiles(*added.flags, *added.cluster, context);
    });
  }
}

}  // namespace app
