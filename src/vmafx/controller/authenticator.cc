#include "vmafx/controller/authenticator.h"

#include "base/guarded.h"
#include "base/text.h"
#include "kube/text_file.h"
#include "net/certificates.h"
#include "vmafx/controller/token_review.h"

namespace vmafx::controller {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;

namespace {

constexpr size_t kShortestToken = 16;

Result<Role> ReadRole(std::string_view word) {
  for (Role role : {Role::kReader, Role::kWriter, Role::kAdmin, Role::kNode}) {
    if (word == ToString(role)) return role;
  }
  // Whose fields are in another order has the token here.
  return base::Error(Code::kInvalid, "the role is not reader, writer, admin or node");
}

// "Bearer TOKEN", RFC 6750 section 2.1; the scheme in any case.
Result<std::string> BearerToken(std::string_view authorization) {
  if (authorization.empty()) {
    return base::Error(Code::kDenied, "no token: calls need \"authorization: Bearer TOKEN\" here");
  }
  const size_t blank = authorization.find(' ');
  if (blank == std::string_view::npos || base::Lower(authorization.substr(0, blank)) != "bearer") {
    return base::Error(Code::kDenied, "the authorization is not \"Bearer TOKEN\"");
  }
  return std::string(base::Trim(authorization.substr(blank + 1)));
}

class Everybody final : public Authenticator {
 public:
  Result<Caller> Identify(std::string_view, const Until&) override { return Caller(); }
};

// The static tokens of a file that others replace now and then.
class TokenTable {
 public:
  TokenTable(const std::filesystem::path& path, base::Log log)
      : file_(path), log_(std::move(log)) {}

  Result<> Load() {
    const std::string text = TRY(file_.Get());
    auto tokens = TRY(ReadStaticTokens(text));
    state_.With([&](State& state) { state = {text, std::move(tokens)}; });
    return base::Ok();
  }

  std::optional<Caller> Find(const std::string& hash) {
    Refresh();
    return state_.Read([&](const State& state) -> std::optional<Caller> {
      const auto found = state.tokens.find(hash);
      if (found == state.tokens.end()) return std::nullopt;
      return found->second;
    });
  }

 private:
  struct State {
    std::string text;  // that the tokens, or the last complaint, are from
    StaticTokens tokens;
  };

  void Refresh() {
    auto text = file_.Get();
    if (!text.ok()) return Complain("", text.error());
    const bool same = state_.Read([&](const State& state) { return state.text == *text; });
    if (same) return;
    auto tokens = ReadStaticTokens(*text);
    if (!tokens.ok()) return Complain(*text, tokens.error());
    const size_t count = tokens->size();
    state_.With([&](State& state) { state = {*text, *std::move(tokens)}; });
    log_.Info("static tokens read again", {{"tokens", count}});
  }

  // Once for each content.
  void Complain(const std::string& text, const base::Error& error) {
    const bool first =
        state_.With([&](State& state) { return std::exchange(state.text, text) != text; });
    if (first) {
      log_.Error("static tokens not read again, the former ones stay",
                 {{"reason", error.message()}});
    }
  }

  kube::TokenFile file_;
  base::Log log_;
  base::Guarded<State> state_;
};

class Bouncer final : public Authenticator {
 public:
  Bouncer(std::unique_ptr<TokenTable> table, std::unique_ptr<TokenReviewer> reviewer)
      : table_(std::move(table)), reviewer_(std::move(reviewer)) {}

  Result<Caller> Identify(std::string_view authorization, const Until& until) override {
    const std::string token = TRY(BearerToken(authorization));
    const std::string hash = net::Sha256Hex(token);
    if (table_) {
      if (auto known = table_->Find(hash)) return *std::move(known);
    }
    if (!reviewer_) return base::Error(Code::kDenied, "the token is not known here");
    return reviewer_->Review(token, hash, until);
  }

 private:
  std::unique_ptr<TokenTable> table_;
  std::unique_ptr<TokenReviewer> reviewer_;
};

}  // namespace

Result<StaticTokens> ReadStaticTokens(std::string_view text) {
  StaticTokens tokens;
  int number = 0;
  for (const std::string& raw : base::Split(text, '\n')) {
    ++number;
    const std::string_view line = base::Trim(raw);
    if (line.empty() || line.starts_with('#')) continue;
    const auto parts = base::Split(line, ',');
    if (parts.size() != 3) {
      return Fail(Code::kInvalid, "line {}: want TOKEN,NAME,ROLE", number);
    }
    const std::string token(base::Trim(parts[0]));
    if (token.size() < kShortestToken || token.find(' ') != std::string::npos) {
      return Fail(Code::kInvalid, "line {}: a token has at least {} characters and no blanks",
                  number, kShortestToken);
    }
    const std::string name(base::Trim(parts[1]));
    if (name.empty() || name.starts_with("system:")) {
      return Fail(Code::kInvalid, "line {}: the name is empty or starts with \"system:\"", number);
    }
    const Role role = TRY(ReadRole(base::Trim(parts[2])).During(fmt::format("line {}", number)));
    const Caller caller{.name = name, .role = role, .name_space = {}, .pod = {}};
    if (!tokens.emplace(net::Sha256Hex(token), caller).second) {
      return Fail(Code::kInvalid, "line {}: the same token as in a line before", number);
    }
  }
  return tokens;
}

Result<std::unique_ptr<Authenticator>> MakeAuthenticator(const AuthOptions& options,
                                                         std::unique_ptr<kube::Client> kubernetes,
                                                         base::Clock& clock, base::Log log) {
  using Mode = AuthOptions::Mode;
  if (options.mode == Mode::kNone) {
    if (!options.token_file.empty()) {
      return base::Error(Code::kInvalid,
                         "a token file and no identity: set VMAFX_AUTH to tokens or kubernetes, or "
                         "leave VMAFX_AUTH_TOKEN_FILE out");
    }
    return std::unique_ptr<Authenticator>(std::make_unique<Everybody>());
  }
  std::unique_ptr<TokenTable> table;
  if (!options.token_file.empty()) {
    table = std::make_unique<TokenTable>(options.token_file, log);
    TRY(table->Load().During("static tokens of " + options.token_file.string()));
  } else if (options.mode == Mode::kTokens) {
    return base::Error(Code::kInvalid, "VMAFX_AUTH=tokens needs VMAFX_AUTH_TOKEN_FILE");
  }
  std::unique_ptr<TokenReviewer> reviewer;
  if (options.mode == Mode::kKubernetes) {
    reviewer =
        TRY(TokenReviewer::Make({.operators = options.operators, .pool_nodes = options.pool_nodes},
                                std::move(kubernetes), clock));
  }
  return std::unique_ptr<Authenticator>(
      std::make_unique<Bouncer>(std::move(table), std::move(reviewer)));
}

}  // namespace vmafx::controller
