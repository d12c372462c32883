#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace vmafx::controller {

// The service account that a token belongs to.
struct ReviewedToken {
  std::string name_space;
  std::string account;
  std::string pod;  // that the token was made for; empty: none

  std::string Username() const { return "system:serviceaccount:" + name_space + ":" + account; }
};

// What Kubernetes answers to a TokenReview for audience vmafx-controller. kDenied: it does not know
// the token, it is not for that audience, or it is no service account's. kUnavailable: the text is
// no such answer.
// https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
base::Result<ReviewedToken> ReadTokenReview(std::string_view answer);

}  // namespace vmafx::controller
