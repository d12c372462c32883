#include "vmafx/controller/score_request.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "value/json.h"
#include "vmafx/controller/translate.h"

namespace vmafx::controller {

using base::Code;
using base::Fail;
using base::Result;
using value::Json;

namespace {

Result<std::string> TextField(const Json& object, const std::string& name, bool required) {
  const auto found = object.find(name);
  if (found == object.end()) {
    if (required) return Fail(Code::kInvalid, "{} is missing", name);
    return std::string();
  }
  if (!found->is_string()) return Fail(Code::kInvalid, "{} is not a string", name);
  auto text = found->get<std::string>();
  if (required && text.empty()) return Fail(Code::kInvalid, "{} is empty", name);
  return text;
}

}  // namespace

Result<NewJob> ReadScoreRequest(const std::string& body) {
  const Json object = TRY(value::ParseJson(body).During("the body is not JSON"));
  if (!object.is_object()) return base::Error(Code::kInvalid, "the body is not a JSON object");
  const std::vector<std::string> known = {"reference", "distorted", "model", "options"};
  for (const auto& [name, value] : object.items()) {
    if (std::ranges::find(known, name) == known.end()) {
      return Fail(Code::kInvalid, "unknown field \"{}\"{}", name, base::DidYouMean(name, known));
    }
  }
  NewJob job;
  job.scoring.reference = TRY(TextField(object, "reference", true));
  job.scoring.distorted = TRY(TextField(object, "distorted", true));
  job.scoring.model = TRY(TextField(object, "model", false));
  const auto options = object.find("options");
  if (options == object.end()) return job;
  if (!options->is_object()) return base::Error(Code::kInvalid, "options is not an object");
  job.scoring.options = TRY(OptionsFromJson(options->dump()).During("options"));
  return job;
}

}  // namespace vmafx::controller
