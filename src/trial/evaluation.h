#pragma once

// What loading a suite leaves to Go's libraries: the text of templates, mistakes in expressions.

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "expect/evaluator.h"
#include "trial/fields.h"
#include "trial/suite.h"

namespace trial {

// While one suite is loaded. One thread. `evaluator` and `clock` must outlive it. Each question may
// take half a minute, or until `stop`.
class Evaluation {
 public:
  // `vars` are the values of --template-var; `namespaces` gives each test with a template the name
  // of its namespace.
  Evaluation(expect::Evaluator& evaluator, base::Clock& clock, std::stop_token stop,
             value::Json vars, std::function<std::string()> namespaces)
      : evaluator_(evaluator),
        clock_(clock),
        stop_(std::move(stop)),
        vars_(std::move(vars)),
        namespaces_(std::move(namespaces)) {}

  std::string NewNamespace() const { return namespaces_(); }

  // The documents of the template `text`, read from `file`, for a test in the namespace `ns`. All
  // marks are lines of the template; columns are those of the text that came out of it. Nothing
  // when it cannot be had, which is a problem.
  std::vector<value::Document> Render(const std::string& file, const std::string& text,
                                      const std::string& ns, Problems& problems);

  // Every mistake in the expressions of `check` is a problem.
  void Check(const CheckSpec& check, Problems& problems);

 private:
  base::Until Limit() const;
  void Complain(const Place& place, const base::Error& error, Problems& problems);

  expect::Evaluator& evaluator_;
  base::Clock& clock_;
  std::stop_token stop_;
  value::Json vars_;
  std::function<std::string()> namespaces_;
  bool complained_ = false;  // that there is no helper: true for all that follows
};

// A problem at `place`, inside of a text that begins there.
std::string ProblemText(const expect::TextProblem& problem, const std::string& text);

}  // namespace trial
