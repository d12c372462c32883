#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "kube/client.h"
#include "vmafx/controller/identity.h"

namespace vmafx::controller {

struct TokenReviewOptions {
  std::vector<std::string> operators;   // service accounts "NAMESPACE:NAME" that are admins
  std::vector<std::string> pool_nodes;  // and that are workers of the pool
  base::Duration remember = std::chrono::seconds(60);
  base::Duration remember_refusal = std::chrono::seconds(10);
};

// Who a service account token belongs to: asked of Kubernetes, for audience vmafx-controller, and
// remembered for a minute under the token's SHA-256 (so a token that was taken back, or whose Pod
// is gone, works for that long still).
// https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
// Thread-safe.
class TokenReviewer {
 public:
  static constexpr size_t kMostRemembered = 4096;

  // kInvalid: an account is not "NAMESPACE:NAME". Asks nobody yet.
  static base::Result<std::unique_ptr<TokenReviewer>> Make(const TokenReviewOptions& options,
                                                           std::unique_ptr<kube::Client> kubernetes,
                                                           base::Clock& clock);

  // kDenied: the API server does not know the token, it is not for our audience, or it is no
  // service account's. kUnavailable, kTimeout: the API server could not be asked (or we may not ask
  // it).
  base::Result<Caller> Review(const std::string& token, const std::string& sha256,
                              const base::Until& until);

 private:
  struct Answer {
    base::Result<Caller> caller;
    base::Instant until;
  };

  TokenReviewer(const TokenReviewOptions& options, std::unique_ptr<kube::Client> kubernetes,
                base::Clock& clock)
      : options_(options), kubernetes_(std::move(kubernetes)), clock_(clock) {}
  base::Result<Caller> Ask(const std::string& token, const base::Until& until);
  base::Result<Caller> Judge(const std::string& review) const;
  void Remember(const std::string& sha256, const base::Result<Caller>& caller);

  TokenReviewOptions options_;
  std::unique_ptr<kube::Client> kubernetes_;
  base::Clock& clock_;
  base::Guarded<std::map<std::string, Answer>> answers_;
};

}  // namespace vmafx::controller
