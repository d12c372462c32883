#pragma once

// The helper that fills in templates and evaluates expressions: its flags, where it is.

#include <memory>
#include <string>
#include <vector>

#include "app/seatrial/commands.h"
#include "expect/evaluator.h"
#include "trial/evaluation.h"
#include "trial/plan.h"
#include "trial/run_selector.h"
#include "trial/suite.h"

namespace app {

struct EvaluationFlags {
  std::string program;                     // seatrial-eval; "": looked for
  std::vector<std::string> template_vars;  // NAME=VALUE
  std::string run_labels;                  // KEY=VALUE,...
};

// kuttl's --template-var and --test-run-labels, and our --eval-program.
void AddEvaluationFlags(CLI::App& command, EvaluationFlags& flags);

// Asks for nothing yet: the helper is looked for and started when a suite first needs it. It is
// `program`, else the environment's SEATRIAL_EVAL, else seatrial-eval beside this program or in
// ../libexec/seatrial from there, else what tools/eval/build of the checkout has built.
std::shared_ptr<expect::Evaluator> MakeEvaluator(const std::string& program, Context& context);

// For loading a suite whose tests get their namespaces by `config`. kInvalid says which variable is
// wrong. Uses `evaluator` and the context's clock, and must not outlive them.
base::Result<trial::Evaluation> MakeEvaluation(const EvaluationFlags& flags,
                                               const trial::SuiteConfig& config,
                                               expect::Evaluator& evaluator, Context& context);

// Are --template-var and --test-run-labels well-formed? kInvalid says what is not. Starts the
// helper, and ends it, only where there are values to be read.
base::Result<> CheckValues(const EvaluationFlags& flags, Context& context);

// The labels of --test-run-labels.
base::Result<trial::Labels> RunLabels(const EvaluationFlags& flags);

// Says, as kuttl does, which files are left out of this run.
void PrintLeftOut(const trial::Plan& plan);

}  // namespace app
