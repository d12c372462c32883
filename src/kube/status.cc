#include "kube/status.h"

#include "base/text.h"

namespace kube {
namespace {

using base::Code;

Code CodeOf(int http_status, std::string_view reason) {
  switch (http_status) {
    case 401:
    case 403:
      return Code::kDenied;
    case 404:
      return Code::kNotFound;
    case 409:
      return reason == "AlreadyExists" ? Code::kExists : Code::kConflict;
    case 410:
      return Code::kGone;
    case 429:
      return Code::kUnavailable;
    default:
      if (http_status >= 500) return Code::kUnavailable;
      return http_status >= 400 ? Code::kInvalid : Code::kInternal;
  }
}

base::Error Make(int http_status, std::string_view reason, std::string message) {
  if (message.empty()) message = fmt::format("HTTP status {}", http_status);
  return base::Error(CodeOf(http_status, reason), std::move(message));
}

}  // namespace

base::Error StatusError(int http_status, std::string_view body) {
  const base::Result<value::Json> json = value::ParseJson(body);
  if (json.ok() && value::FindString(*json, {"kind"}) == "Status") {
    return Make(http_status, value::FindString(*json, {"reason"}),
                value::FindString(*json, {"message"}));
  }
  constexpr size_t kEnough = 200;
  const std::string_view text = base::Trim(body.substr(0, kEnough));
  if (text.empty()) return Make(http_status, "", "");
  return Make(http_status, "", fmt::format("HTTP status {}: {}", http_status, text));
}

base::Error StatusError(const value::Json& status) {
  const value::Json* code = value::Find(status, {"code"});
  return Make(code != nullptr && code->is_number_integer() ? code->get<int>() : 500,
              value::FindString(status, {"reason"}), value::FindString(status, {"message"}));
}

}  // namespace kube
