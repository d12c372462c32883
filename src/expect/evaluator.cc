#include "expect/evaluator.h"

#include <fmt/format.h>

#include "base/text.h"

namespace expect {
namespace {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;
using value::Json;

// The list at `field`, which has to have `count` elements.
Result<const Json*> List(const Json& answer, const std::string& field, size_t count) {
  const Json* list = value::Find(answer, {field});
  if (list == nullptr || !list->is_array() || list->size() != count)
    return Fail(Code::kInternal, "the helper for CEL and templates answers without {}", field);
  return list;
}

int Number(const Json& json, const std::string& field) {
  const Json* number = value::Find(json, {field});
  return number != nullptr && number->is_number_integer() ? number->get<int>() : 0;
}

TextProblem ReadProblem(const Json& json) {
  return {value::FindString(json, {"message"}), Number(json, "line"), Number(json, "column")};
}

Truth ReadTruth(const Json& json) {
  Truth truth;
  const Json* holds = value::Find(json, {"holds"});
  truth.holds = holds != nullptr && *holds == true;
  truth.value = value::FindString(json, {"value"});
  truth.error = value::FindString(json, {"error"});
  const Json* operands = value::Find(json, {"operands"});
  if (operands == nullptr || !operands->is_array()) return truth;
  for (const Json& one : *operands)
    truth.operands.push_back({value::FindString(one, {"text"}), value::FindString(one, {"value"})});
  return truth;
}

}  // namespace

std::string Truth::Text() const {
  std::vector<std::string> parts;
  for (const Operand& operand : operands)
    parts.push_back(fmt::format("{}: {}", operand.text, operand.value));
  const std::string what = error.empty() ? value : error;
  return parts.empty() ? what : fmt::format("{} ({})", what, base::Join(parts, "; "));
}

Result<std::vector<std::vector<TextProblem>>> Evaluator::Compile(
    const std::vector<std::string>& refs, const std::vector<std::string>& expressions,
    const Until& until) {
  const Json answer =
      TRY(helper_.Ask("compile", {{"refs", refs}, {"expressions", expressions}}, until));
  std::vector<std::vector<TextProblem>> all;
  for (const Json& list : *TRY(List(answer, "problems", expressions.size()))) {
    std::vector<TextProblem>& problems = all.emplace_back();
    if (!list.is_array()) continue;
    for (const Json& problem : list) problems.push_back(ReadProblem(problem));
  }
  return all;
}

Result<std::vector<Truth>> Evaluator::Evaluate(const std::map<std::string, const Json*>& objects,
                                               const std::vector<std::string>& expressions,
                                               const Until& until) {
  Json refs = Json::array();
  Json variables = Json::object();
  for (const auto& [ref, object] : objects) {
    refs.push_back(ref);
    variables[ref] = *object;
  }
  const Json answer = TRY(helper_.Ask("evaluate",
                                      {{"refs", std::move(refs)},
                                       {"expressions", expressions},
                                       {"variables", std::move(variables)},
                                       {"explain", true}},
                                      until));
  std::vector<Truth> truths;
  for (const Json& result : *TRY(List(answer, "results", expressions.size())))
    truths.push_back(ReadTruth(result));
  return truths;
}

Result<Rendered> Evaluator::Render(const std::string& name, const std::string& text,
                                   const std::string& ns, const Json& vars, const Until& until) {
  const Json data = {{"Namespace", ns}, {"Vars", vars}};
  const Json answer =
      TRY(helper_.Ask("template", {{"name", name}, {"text", text}, {"data", data}}, until));
  Rendered rendered;
  rendered.text = value::FindString(answer, {"text"});
  const Json* lines = value::Find(answer, {"lines"});
  if (lines != nullptr && lines->is_array()) {
    for (const Json& line : *lines)
      rendered.lines.push_back(line.is_number_integer() ? line.get<int>() : 0);
  }
  const Json* problem = value::Find(answer, {"problem"});
  if (problem != nullptr) rendered.problem = ReadProblem(*problem);
  return rendered;
}

Result<Json> Evaluator::ParseValues(const std::map<std::string, std::string>& texts,
                                    const Until& until) {
  const Json answer = TRY(helper_.Ask("values", {{"values", texts}}, until));
  if (const Json* problem = value::Find(answer, {"problem"}))
    return Fail(Code::kInvalid, "{}", ReadProblem(*problem).message);
  const Json* values = value::Find(answer, {"values"});
  return values == nullptr ? Json::object() : *values;
}

}  // namespace expect
