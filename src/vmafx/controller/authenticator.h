#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "kube/client.h"
#include "vmafx/controller/identity.h"

namespace vmafx::controller {

struct AuthOptions {
  enum class Mode {
    kNone,        // everybody may do everything
    kTokens,      // the tokens of `token_file` only
    kKubernetes,  // and service account tokens
  };
  Mode mode = Mode::kNone;
  std::filesystem::path token_file;     // static tokens; empty: none
  std::vector<std::string> operators;   // service accounts "NAMESPACE:NAME"
  std::vector<std::string> pool_nodes;  // as those
};

// Static tokens by the SHA-256 of the token.
using StaticTokens = std::map<std::string, Caller>;
// Lines TOKEN,NAME,ROLE; role reader, writer, admin or node; empty lines and lines that start with
// # are skipped. kInvalid names the line, never the token.
base::Result<StaticTokens> ReadStaticTokens(std::string_view text);

// The authenticator of `options`: static tokens first (the file is read again when it has changed;
// while it is bad the last good one counts and the log says so), then service account tokens
// through `kubernetes` (needed for that mode only). kInvalid: the options or the file, as it is
// now, cannot be used.
base::Result<std::unique_ptr<Authenticator>> MakeAuthenticator(
    const AuthOptions& options, std::unique_ptr<kube::Client> kubernetes, base::Clock& clock,
    base::Log log);

}  // namespace vmafx::controller
