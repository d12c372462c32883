#include "trial/variables.h"

#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "trial/read_own.h"

namespace trial {
namespace {

using base::Code;
using base::Fail;
using value::Json;

base::Result<const Json*> Look(const std::string& name, const Variables& variables) {
  const auto found = variables.find(name);
  if (found != variables.end()) return &found->second;
  std::vector<std::string> names;
  for (const auto& [known, unused] : variables) names.push_back(known);
  return Fail(Code::kInvalid,
              "${{{}}}: there is no such variable{}; for these very characters "
              "write $${{{}}}",
              name, base::DidYouMean(name, names), name);
}

base::Result<Json> ExpandText(const std::string& text, const Variables& variables) {
  std::string result;
  size_t at = 0;
  for (;;) {
    const size_t start = text.find("${", at);
    if (start == std::string::npos) break;
    if (start > at && text[start - 1] == '$') {  // $${ is ${
      result += text.substr(at, start - 1 - at) + "${";
      at = start + 2;
      continue;
    }
    const size_t end = text.find('}', start);
    if (end == std::string::npos) return Fail(Code::kInvalid, "\"{}\": the ${{ does not end", text);
    const Json* value = TRY(Look(text.substr(start + 2, end - start - 2), variables));
    if (start == 0 && end + 1 == text.size()) return *value;
    result += text.substr(at, start - at) + VariableText(*value);
    at = end + 1;
  }
  return Json(result + text.substr(at));
}

base::Result<> ExpandManifests(std::vector<Manifest>& manifests, const Variables& variables) {
  for (Manifest& manifest : manifests)
    TRY(ExpandIn(manifest.object.json(), variables).During(manifest.At().Text()));
  return base::Ok();
}

base::Result<> ExpandDemands(std::vector<std::shared_ptr<const Demand>>& demands, bool in_order,
                             const Variables& variables) {
  for (auto& demand : demands) {
    Json written = demand->written;
    TRY(ExpandIn(written, variables).During(demand->place.Text()));
    demand =
        TRY(ReadDemandAgain(*demand, std::move(written), in_order).During(demand->place.Text()));
  }
  return base::Ok();
}

}  // namespace

std::string VariableText(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

base::Result<> ExpandIn(Json& json, const Variables& variables) {
  if (json.is_string()) {
    json = TRY(ExpandText(json.get<std::string>(), variables));
  } else if (json.is_structured()) {
    for (Json& child : json) TRY(ExpandIn(child, variables));
  }
  return base::Ok();
}

base::Result<Step> Expanded(const Step& step, const Variables& variables) {
  Step expanded = step;
  for (auto* manifests : {&expanded.apply, &expanded.asserts, &expanded.errors})
    TRY(ExpandManifests(*manifests, variables));
  if (!expanded.check) return expanded;
  TRY(ExpandDemands(expanded.check->match, false, variables));
  TRY(ExpandDemands(expanded.check->order, true, variables));
  for (OutputSpec& output : expanded.check->outputs) {
    for (std::string* text : {&output.name, &output.ns, &output.path})
      *text = VariableText(TRY(ExpandText(*text, variables).During(output.place.Text())));
  }
  return expanded;
}

}  // namespace trial
