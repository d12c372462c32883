// Who calls the controller: the first byte says whether a file of static tokens comes, or what
// Kubernetes answers to a TokenReview.

#include "base/check.h"
#include "fuzz/input.h"
#include "value/json.h"
#include "vmafx/controller/authenticator.h"
#include "vmafx/controller/reviewed_token.h"

namespace {

using value::Json;

// Nobody gets in but by an answer that says so in so many words.
void ReadReview(std::string_view text) {
  const auto token = vmafx::controller::ReadTokenReview(text);
  CHECK(token.ok() || !token.error().message().empty());
  if (!token.ok()) return;
  CHECK(!token->name_space.empty() && !token->account.empty());
  const auto review = value::ParseJson(text);
  CHECK(review.ok() && (*review)["status"]["authenticated"] == true);
  CHECK((*review)["status"]["user"]["username"] == token->Username());
  bool ours = false;
  for (const Json& audience : (*review)["status"]["audiences"])
    ours = ours || audience == "vmafx-controller";
  CHECK(ours);
  Json status = {{"authenticated", true},
                 {"audiences", Json::array({"vmafx-controller"})},
                 {"user", {{"username", token->Username()}}}};
  if (!token->pod.empty())
    status["user"]["extra"]["authentication.kubernetes.io/pod-name"] = Json::array({token->pod});
  const auto again = vmafx::controller::ReadTokenReview(Json{{"status", status}}.dump());
  CHECK(again.ok() && again->Username() == token->Username() && again->pod == token->pod);
}

// The log never has what could be a token.
void ReadTokens(std::string_view text) {
  const auto tokens = vmafx::controller::ReadStaticTokens(text);
  if (tokens.ok()) {
    for (const auto& [hash, caller] : *tokens) {
      CHECK(hash.size() == 64 && !caller.name.empty() && !caller.name.starts_with("system:"));
      CHECK(caller.name_space.empty() && caller.pod.empty());
    }
    const auto again = vmafx::controller::ReadStaticTokens("# clients\n" + std::string(text));
    CHECK(again.ok() && again->size() == tokens->size());
    return;
  }
  // Only words of ours and the line's number.
  const std::string& message = tokens.error().message();
  CHECK(message.starts_with("line "));
  const size_t number = message.find_first_not_of("0123456789", 5);
  CHECK(number > 5 && number != std::string::npos);
  const std::string words = message.substr(number);
  CHECK(words == ": want TOKEN,NAME,ROLE" ||
        words == ": a token has at least 16 characters and no blanks" ||
        words == ": the name is empty or starts with \"system:\"" ||
        words == ": the role is not reader, writer, admin or node" ||
        words == ": the same token as in a line before");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  constexpr void (*kReaders[])(std::string_view) = {ReadReview, ReadTokens};
  kReaders[data[0] % std::size(kReaders)](fuzz::Text(data + 1, size - 1));
  return 0;
}
