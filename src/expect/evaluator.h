#pragma once

// What kuttl does with Go's libraries, done by the same libraries in a helper process: CEL
// expressions, templates, values of template variables. https://github.com/google/cel-spec,
// https://pkg.go.dev/text/template, https://masterminds.github.io/sprig/

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "expect/helper.h"

namespace expect {

// A mistake in a text that a user wrote. Lines and columns count from 1; 0: unknown.
struct TextProblem {
  std::string message;
  int line = 0;
  int column = 0;
};

// A part of an expression and its value as JSON, or why it has none.
struct Operand {
  std::string text;
  std::string value;
};

// What an expression came to.
struct Truth {
  bool holds = false;             // it is true, not only something that counts as true
  std::string value;              // as JSON; "" with an error
  std::string error;              // why it has no value: "no such key: replicas"
  std::vector<Operand> operands;  // of one that does not hold: what decided it
  std::string Text() const;       // "false (web.spec.replicas is 2)"
};

struct Rendered {
  std::string text;
  std::vector<int> lines;  // for each line of `text` the line of the template that it stems from
  std::optional<TextProblem> problem;  // then there is no text
};

// Thread-safe. Errors of all calls: as Helper::Ask, kInternal for an answer that makes no sense.
class Evaluator {
 public:
  Evaluator(HelperOptions options, base::Clock& clock) : helper_(std::move(options), clock) {}

  // The mistakes of each expression, in which each of `refs` is a variable of any type. CEL's
  // standard library and macros, as in kuttl; no extensions.
  base::Result<std::vector<std::vector<TextProblem>>> Compile(
      const std::vector<std::string>& refs, const std::vector<std::string>& expressions,
      const base::Until& until);

  // What each expression is with `objects` as the values of all refs. kInvalid when one does not
  // compile.
  base::Result<std::vector<Truth>> Evaluate(
      const std::map<std::string, const value::Json*>& objects,
      const std::vector<std::string>& expressions, const base::Until& until);

  // The template `text`, called `name` in messages, with .Namespace and .Vars.
  base::Result<Rendered> Render(const std::string& name, const std::string& text,
                                const std::string& ns, const value::Json& vars,
                                const base::Until& until);

  // Values of template variables: each text read as YAML. kInvalid says which one is none.
  base::Result<value::Json> ParseValues(const std::map<std::string, std::string>& texts,
                                        const base::Until& until);

 private:
  Helper helper_;
};

}  // namespace expect
