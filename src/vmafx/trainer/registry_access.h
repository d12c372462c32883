#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "net/http.h"
#include "value/json.h"
#include "vmafx/api/repository.h"

namespace vmafx::trainer {

struct RegistryOptions {
  // Who may be spoken to without TLS: "HOST" (any port), "HOST:PORT", with a leading "*" for
  // anything in front: "*.svc". Everybody else gets HTTPS.
  std::vector<std::string> plain_http_hosts;
  // A docker config.json with "auths"; empty: nobody is logged in to. Read before each use.
  // https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets
  std::filesystem::path credentials;
};

bool AllowsPlainHttp(const std::vector<std::string>& patterns, std::string_view host);

struct Credentials {
  std::string user;
  std::string password;
};
// Of `host` in a docker config.json; nullopt when it has none. kInvalid: no such file's text.
base::Result<std::optional<Credentials>> FindCredentials(std::string_view config,
                                                         std::string_view host);

// What a registry asks for in WWW-Authenticate (RFC 9110 11.6.1): scheme in lower case, and its
// parameters, names in lower case and values without their quotes. Of several challenges the first.
// Text that is none gives an empty scheme.
struct Challenge {
  std::string scheme;
  std::map<std::string, std::string> parameters;
};
Challenge ReadChallenge(std::string_view header);

// The token in a token server's answer, fit for a header; kDenied: there is none in it.
// https://distribution.github.io/distribution/spec/auth/token/#token-response-fields
base::Result<std::string> ReadToken(std::string_view answer);

// One conversation with one repository: knows its URLs and shows what its registry asks to see:
// nothing, a name and password, or a token that these are exchanged for. One thread at a time.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
// https://distribution.github.io/distribution/spec/auth/token/
class RegistryAccess {
 public:
  // `http` must not follow redirects, and outlives this.
  RegistryAccess(net::Http& http, RegistryOptions options, api::Repository repository);

  // Sends a request to `path` below the repository ("manifests/v1"), or to an absolute URL or path
  // that the registry gave. Once more with credentials after a 401. Any other status is a value.
  // kDenied: the registry wants credentials that we do not have, or refuses them; kInvalid: it
  // leads to plain HTTP where that is not allowed; else as net::Http. Tries three times when the
  // connection breaks or the registry says 429 or 5xx, with a pause between.
  base::Result<net::Response> Send(net::Request request, const std::string& path,
                                   const base::Until& until);

  // The same once more at the place to which a 307 or 302 points, without credentials.
  base::Result<net::Response> GetFollowing(const std::string& path, const base::Until& until);

 private:
  base::Result<std::string> Resolve(const std::string& path) const;
  base::Result<> CheckScheme(const std::string& url) const;
  base::Result<net::Response> SendOften(const net::Request& request, const base::Until& until);
  base::Result<net::Response> SendAuthorised(net::Request request, const base::Until& until);
  base::Result<> Authorise(const Challenge& challenge, const base::Until& until);
  base::Result<> FetchToken(const Challenge& challenge,
                            const std::optional<Credentials>& credentials,
                            const base::Until& until);

  net::Http& http_;
  RegistryOptions options_;
  api::Repository repository_;
  std::string origin_;         // "https://HOST"
  std::string authorization_;  // the header to send, or ""
};

}  // namespace vmafx::trainer
