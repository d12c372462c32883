#include "vmafx/controller/token_review.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "value/json.h"
#include "vmafx/api/names.h"
#include "vmafx/controller/reviewed_token.h"

namespace vmafx::controller {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;
using value::Json;

namespace {

constexpr char kPath[] = "/apis/authentication.k8s.io/v1/tokenreviews";
constexpr auto kAskTime = std::chrono::seconds(10);
constexpr size_t kLongestToken = 16 * 1024;

Result<> CheckAccounts(const std::vector<std::string>& accounts) {
  for (const std::string& account : accounts) {
    const auto parts = base::Split(account, ':');
    if (parts.size() != 2 || parts[0].empty() || parts[1].empty()) {
      return Fail(Code::kInvalid, "service account \"{}\": want NAMESPACE:NAME", account);
    }
  }
  return base::Ok();
}

}  // namespace

Result<std::unique_ptr<TokenReviewer>> TokenReviewer::Make(const TokenReviewOptions& options,
                                                           std::unique_ptr<kube::Client> kubernetes,
                                                           base::Clock& clock) {
  TRY(CheckAccounts(options.operators));
  TRY(CheckAccounts(options.pool_nodes));
  if (!kubernetes) return base::Error(Code::kInvalid, "no Kubernetes API to ask about tokens");
  return std::unique_ptr<TokenReviewer>(new TokenReviewer(options, std::move(kubernetes), clock));
}

Result<Caller> TokenReviewer::Review(const std::string& token, const std::string& sha256,
                                     const Until& until) {
  if (token.empty() || token.size() > kLongestToken) {
    return base::Error(Code::kDenied, "the token is empty or too long");
  }
  const auto known = answers_.Read([&](const auto& answers) {
    const auto found = answers.find(sha256);
    const bool fresh = found != answers.end() && clock_.Now() < found->second.until;
    return fresh ? std::optional(found->second.caller) : std::nullopt;
  });
  if (known) return *known;
  auto caller = Ask(token, until.Within(kAskTime));
  if (caller.ok() || caller.Is(Code::kDenied)) Remember(sha256, caller);
  return caller;
}

void TokenReviewer::Remember(const std::string& sha256, const Result<Caller>& caller) {
  const base::Instant now = clock_.Now();
  const base::Instant end = now + (caller.ok() ? options_.remember : options_.remember_refusal);
  answers_.With([&](auto& answers) {
    if (answers.size() >= kMostRemembered) {
      std::erase_if(answers, [&](const auto& entry) { return entry.second.until <= now; });
    }
    if (answers.size() >= kMostRemembered) {
      answers.erase(std::ranges::min_element(answers, {},
                                             [](const auto& entry) { return entry.second.until; }));
    }
    answers.insert_or_assign(sha256, Answer{caller, end});
  });
}

Result<Caller> TokenReviewer::Ask(const std::string& token, const Until& until) {
  const Json review = {
      {"apiVersion", "authentication.k8s.io/v1"},
      {"kind", "TokenReview"},
      {"spec",
       {{"token", token}, {"audiences", Json::array({std::string(api::kControllerAudience)})}}}};
  auto answer = kubernetes_->Raw(
      "POST", kPath, review.dump(-1, ' ', false, Json::error_handler_t::replace), until);
  if (answer.ok()) return Judge(*answer);
  // That we may not ask says nothing about the caller.
  const Code code = answer.Is(Code::kTimeout) || answer.Is(Code::kCancelled) ? answer.error().code()
                                                                             : Code::kUnavailable;
  return Fail(code, "asking Kubernetes about the caller's token: {}", answer.error().message());
}

Result<Caller> TokenReviewer::Judge(const std::string& review) const {
  const ReviewedToken token = TRY(ReadTokenReview(review));
  const std::string account = token.name_space + ":" + token.account;
  const auto is_one_of = [&](const std::vector<std::string>& accounts) {
    return std::ranges::find(accounts, account) != accounts.end();
  };
  return Caller{.name = token.Username(),
                .role = is_one_of(options_.operators)    ? Role::kAdmin
                        : is_one_of(options_.pool_nodes) ? Role::kNode
                                                         : Role::kWorker,
                .name_space = token.name_space,
                .pod = token.pod};
}

}  // namespace vmafx::controller
