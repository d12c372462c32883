#include "vmafx/controller/token_review.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "value/json.h"
#include "vmafx/api/names.h"

namespace vmafx::controller {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;
using value::Json;

namespace {

constexpr char kPath[] = "/apis/authentication.k8s.io/v1/tokenreviews";
constexpr char kPrefix[] = "system:serviceaccount:";
constexpr char kPodName[] = "authentication.kubernetes.io/pod-name";
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

// A text at `pointer`, or "".
std::string TextAt(const Json& object, const char* pointer) {
  const Json::json_pointer at(pointer);
  if (!object.contains(at) || !object.at(at).is_string()) return {};
  return object.at(at).get<std::string>();
}

// The first of the values that `user.extra` has under `key`, or "".
std::string ExtraOf(const Json& status, const std::string& key) {
  const Json::json_pointer extra("/user/extra");
  if (!status.contains(extra) || !status.at(extra).is_object()) return {};
  const auto found = status.at(extra).find(key);
  if (found == status.at(extra).end() || !found->is_array() || found->empty()) return {};
  return found->front().is_string() ? found->front().get<std::string>() : std::string();
}

bool IsForUs(const Json& status) {
  const auto audiences = status.find("audiences");
  return audiences != status.end() && audiences->is_array() &&
         std::ranges::find(*audiences, Json(std::string(api::kControllerAudience))) !=
             audiences->end();
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
  const Json object = Json::parse(review, nullptr, /*allow_exceptions=*/false);
  const auto found = object.is_object() ? object.find("status") : object.end();
  if (!object.is_object() || found == object.end() || !found->is_object()) {
    return base::Error(Code::kUnavailable, "Kubernetes answered without a token review status");
  }
  const Json& status = *found;
  const auto authenticated = status.find("authenticated");
  if (authenticated == status.end() || *authenticated != Json(true)) {
    return base::Error(Code::kDenied, "Kubernetes does not know the token, or it has expired");
  }
  if (!IsForUs(status)) {
    return Fail(Code::kDenied, "the token is not for audience {}", api::kControllerAudience);
  }
  const std::string name = TextAt(status, "/user/username");
  const auto parts = base::Split(name, ':');
  if (!name.starts_with(kPrefix) || parts.size() != 4) {
    return Fail(Code::kDenied, "{} is not a service account", name);
  }
  const std::string account = parts[2] + ":" + parts[3];
  const auto is_one_of = [&](const std::vector<std::string>& accounts) {
    return std::ranges::find(accounts, account) != accounts.end();
  };
  return Caller{.name = name,
                .role = is_one_of(options_.operators)    ? Role::kAdmin
                        : is_one_of(options_.pool_nodes) ? Role::kNode
                                                         : Role::kWorker,
                .name_space = parts[2],
                .pod = ExtraOf(status, kPodName)};
}

}  // namespace vmafx::controller
