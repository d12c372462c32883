#include "app/seatrial/evaluation.h"

#include <filesystem>
#include <random>
#include <set>

#include <fmt/format.h>

#include "app/seatrial/clusters.h"
#include "base/text.h"
#include "sys/process.h"
#include "trial/names.h"
#include "trial/template_vars.h"

namespace app {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Fail;
using base::Result;

constexpr char kProgram[] = "seatrial-eval";
constexpr base::Duration kLookLimit = std::chrono::seconds(10);
constexpr base::Duration kValuesLimit = std::chrono::seconds(30);

// Where an installed seatrial has it.
fs::path FindBesideProgram() {
  const fs::path folder = fs::read_symlink("/proc/self/exe").parent_path();
  for (const fs::path& candidate :
       {folder / kProgram, folder.parent_path() / "libexec/seatrial" / kProgram}) {
    if (fs::exists(candidate)) return candidate;
  }
  return {};
}

// What the checkout that this program was built in has built.
fs::path FindBuilt(const base::Until& until) {
  const fs::path build = FindNearProgram("tools/eval/build");
  if (build.empty()) return {};
  const auto built = sys::RunOrFail({.argv = {build.string(), "--path"}}, until);
  return built.ok() ? fs::path(base::Trim(*built)) / kProgram : fs::path();
}

Result<std::string> FindProgram(const std::string& given, const base::Until& until) {
  if (!given.empty()) return given;
  const auto environment = sys::Environment();
  const auto set = environment.find("SEATRIAL_EVAL");
  if (set != environment.end() && !set->second.empty()) return set->second;
  if (const fs::path found = FindBesideProgram(); !found.empty()) return found.string();
  if (const fs::path found = FindBuilt(until); !found.empty()) return found.string();
  return Fail(Code::kNotFound,
              "templates (.gotmpl.yaml) and expressions (CEL) need the program {}, which is not "
              "there: run tools/eval/build in the source tree of seatrial (make build does), or "
              "name it with --eval-program FILE or SEATRIAL_EVAL",
              kProgram);
}

// A name for each test that asks, no two the same.
std::function<std::string()> Namespaces(const std::string& shared) {
  if (!shared.empty()) return [shared] { return shared; };
  std::random_device seed;
  return [random = std::mt19937_64((uint64_t{seed()} << 32) | seed()),
          used = std::set<std::string>()]() mutable {
    std::string name;
    while (name.empty() || !used.insert(name).second) name = trial::NamespaceName(random());
    return name;
  };
}

Result<value::Json> TemplateVars(const EvaluationFlags& flags, expect::Evaluator& evaluator,
                                 Context& context) {
  if (flags.template_vars.empty()) return value::Json::object();
  const auto until = base::Until::After(context.clock, kValuesLimit, context.signals.stop());
  const auto texts = TRY(trial::ParseTemplateVars(flags.template_vars).During("--template-var"));
  return evaluator.ParseValues(texts, until).During("--template-var");
}

}  // namespace

void AddEvaluationFlags(CLI::App& command, EvaluationFlags& flags) {
  command
      .add_option("--template-var", flags.template_vars,
                  "NAME=VALUE for templates (.gotmpl.yaml), where it is .Vars.NAME; read as YAML; "
                  "repeatable")
      ->allow_extra_args(false);  // else it would eat the suite that follows it
  command
      .add_option("--test-run-labels", flags.run_labels,
                  "KEY=VALUE,...: labels of this run, for the testRunSelector of files")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  command.add_option("--eval-program", flags.program,
                     "seatrial-eval, the helper for templates and CEL (default: looked for)");
}

std::shared_ptr<expect::Evaluator> MakeEvaluator(const std::string& program, Context& context) {
  base::Clock& clock = context.clock;
  expect::HelperOptions options;
  options.environment = sys::Environment();
  options.find = [program, &clock] {
    return FindProgram(program, base::Until::After(clock, kLookLimit));
  };
  return std::make_shared<expect::Evaluator>(std::move(options), clock);
}

Result<trial::Evaluation> MakeEvaluation(const EvaluationFlags& flags,
                                         const trial::SuiteConfig& config,
                                         expect::Evaluator& evaluator, Context& context) {
  return trial::Evaluation(evaluator, context.clock, context.signals.stop(),
                           TRY(TemplateVars(flags, evaluator, context)), Namespaces(config.ns));
}

Result<> CheckValues(const EvaluationFlags& flags, Context& context) {
  TRY(RunLabels(flags));
  TRY(TemplateVars(flags, *MakeEvaluator(flags.program, context), context));
  return base::Ok();
}

Result<trial::Labels> RunLabels(const EvaluationFlags& flags) {
  return trial::ParseLabels(flags.run_labels).During("--test-run-labels");
}

void PrintLeftOut(const trial::Plan& plan) {
  for (const trial::PlannedTest& planned : plan.tests) {
    for (const std::string& file : planned.test.left_out)
      fmt::print("Skipping file \"{}\", label selector does not match test run labels.\n", file);
  }
}

}  // namespace app
