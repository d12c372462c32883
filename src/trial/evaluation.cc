#include "trial/evaluation.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/text.h"

namespace trial {
namespace {

using value::Mark;

constexpr base::Duration kLimit = std::chrono::seconds(30);

// From a line of a template's text to the line of the template.
void MoveMark(Mark& mark, const std::vector<int>& lines) {
  if (mark.line < 1 || lines.empty()) return;
  const size_t line = std::min(static_cast<size_t>(mark.line), lines.size());
  if (lines[line - 1] > 0) mark.line = lines[line - 1];
}

// A guess for a variable that no resource reference gives.
std::string Guess(const std::string& message, const std::vector<std::string>& refs) {
  static constexpr std::string_view kBegin = "undeclared reference to '";
  if (!message.starts_with(kBegin)) return "";
  const std::string rest = message.substr(kBegin.size());
  return base::DidYouMean(rest.substr(0, rest.find('\'')), refs);
}

}  // namespace

std::string ProblemText(const expect::TextProblem& problem, const std::string& text) {
  if (problem.line < 1) return problem.message;
  const auto lines = base::Split(text, '\n');
  const bool one_line = lines.size() == 1 || (lines.size() == 2 && lines[1].empty());
  const size_t line = static_cast<size_t>(problem.line);
  return fmt::format("{}, at {}column {} of: {}", problem.message,
                     one_line ? "" : fmt::format("line {}, ", problem.line), problem.column,
                     line <= lines.size() ? lines[line - 1] : "");
}

base::Until Evaluation::Limit() const {
  return base::Until::After(clock_, kLimit, stop_);
}

// A helper that is not there is one problem, not one for every file that would need it.
void Evaluation::Complain(const Place& place, const base::Error& error, Problems& problems) {
  if (!complained_) problems.Error(place, error.message());
  complained_ = error.code() != base::Code::kInvalid;
}

std::vector<value::Document> Evaluation::Render(const std::string& file, const std::string& text,
                                                const std::string& ns, Problems& problems) {
  const std::string name = std::filesystem::path(file).filename().string();
  const auto rendered = evaluator_.Render(name, text, ns, vars_, Limit());
  if (!rendered.ok()) {
    Complain({file, {}}, rendered.error(), problems);
    return {};
  }
  if (rendered->problem) {
    const Mark mark{rendered->problem->line, std::max(rendered->problem->column, 1)};
    problems.Error({file, mark}, "template: " + rendered->problem->message);
    return {};
  }
  value::ParsedYaml parsed = value::ParseYaml(rendered->text, file);
  for (value::Problem& problem : parsed.problems) MoveMark(problem.mark, rendered->lines);
  problems.Add(std::move(parsed.problems));
  for (value::Document& document : parsed.documents) {
    MoveMark(document.start, rendered->lines);
    for (auto& [path, mark] : document.marks) MoveMark(mark, rendered->lines);
  }
  return std::move(parsed.documents);
}

void Evaluation::Check(const CheckSpec& check, Problems& problems) {
  std::vector<std::string> refs;
  for (const ResourceRef& ref : check.refs) refs.push_back(ref.ref);
  std::vector<const Expression*> expressions;
  std::vector<std::string> texts;
  for (const auto* list : {&check.assert_any, &check.assert_all}) {
    for (const Expression& expression : *list) {
      expressions.push_back(&expression);
      texts.push_back(expression.text);
    }
  }
  if (texts.empty()) return;
  const auto compiled = evaluator_.Compile(refs, texts, Limit());
  if (!compiled.ok()) return Complain(expressions[0]->place, compiled.error(), problems);
  for (size_t i = 0; i < texts.size(); ++i) {
    for (const expect::TextProblem& problem : (*compiled)[i])
      problems.Error(expressions[i]->place,
                     fmt::format("celExpr: {}{}", ProblemText(problem, texts[i]),
                                 Guess(problem.message, refs)));
  }
}

}  // namespace trial
