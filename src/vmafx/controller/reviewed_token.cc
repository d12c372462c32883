#include "vmafx/controller/reviewed_token.h"

#include <algorithm>

#include "base/text.h"
#include "value/json.h"
#include "vmafx/api/names.h"

namespace vmafx::controller {

using base::Code;
using base::Fail;
using base::Result;
using value::Json;

namespace {

constexpr char kPrefix[] = "system:serviceaccount:";
constexpr char kPodName[] = "authentication.kubernetes.io/pod-name";

bool IsForUs(const Json& status) {
  const Json* audiences = value::Find(status, {"audiences"});
  return audiences != nullptr && audiences->is_array() &&
         std::ranges::find(*audiences, Json(std::string(api::kControllerAudience))) !=
             audiences->end();
}

}  // namespace

Result<ReviewedToken> ReadTokenReview(std::string_view answer) {
  const auto review = value::ParseJson(answer);
  const Json* status = review.ok() ? value::Find(*review, {"status"}) : nullptr;
  if (status == nullptr || !status->is_object()) {
    return base::Error(Code::kUnavailable, "Kubernetes answered without a token review status");
  }
  const Json* authenticated = value::Find(*status, {"authenticated"});
  if (authenticated == nullptr || *authenticated != Json(true)) {
    return base::Error(Code::kDenied, "Kubernetes does not know the token, or it has expired");
  }
  if (!IsForUs(*status)) {
    return Fail(Code::kDenied, "the token is not for audience {}", api::kControllerAudience);
  }
  const std::string name = value::FindString(*status, {"user", "username"});
  const auto parts = base::Split(name, ':');
  if (!name.starts_with(kPrefix) || parts.size() != 4 || parts[2].empty() || parts[3].empty()) {
    return Fail(Code::kDenied, "{} is not a service account", name);
  }
  return ReviewedToken{parts[2], parts[3],
                       value::FindString(*status, {"user", "extra", kPodName, "0"})};
}

}  // namespace vmafx::controller
