#include "vmafx/trainer/registry_access.h"

#include <algorithm>

#include "base/text.h"
#include "net/certificates.h"
#include "sys/files.h"

namespace vmafx::trainer {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;
using value::Json;

namespace {

constexpr int kAttempts = 3;
constexpr base::Duration kFirstPause = std::chrono::milliseconds(500);
constexpr base::Duration kMostForOne = std::chrono::seconds(30);
constexpr size_t kMostConfigBytes = 1 << 20;

std::string_view WithoutScheme(std::string_view url) {
  const size_t scheme = url.find("://");
  return scheme == std::string_view::npos ? url : url.substr(scheme + 3);
}

// "HOST:PORT" of an absolute URL.
std::string_view HostOf(std::string_view url) {
  const std::string_view rest = WithoutScheme(url);
  return rest.substr(0, rest.find_first_of("/?#"));
}

bool WorthAnotherTry(const Result<net::Response>& response) {
  if (!response.ok()) {
    return response.Is(Code::kUnavailable) || response.Is(Code::kTimeout);
  }
  return response->status == 429 || response->status / 100 == 5;
}

Result<Credentials> ReadCredentials(const Json& entry) {
  if (entry.contains("username") && entry.contains("password")) {
    return Credentials{value::FindString(entry, {"username"}),
                       value::FindString(entry, {"password"})};
  }
  const std::string text = TRY(net::Base64Decode(value::FindString(entry, {"auth"})));
  const size_t colon = text.find(':');
  if (colon == std::string::npos) {
    return Fail(Code::kInvalid, "\"auth\" is not base64 of USER:PASSWORD");
  }
  return Credentials{text.substr(0, colon), text.substr(colon + 1)};
}

// RFC 9110, 5.6.2.
bool IsToken(std::string_view text) {
  constexpr std::string_view kMore = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMore.find(c) != std::string_view::npos;
  });
}

// Takes the value of a parameter off `header`, with what stands behind it up to the next comma.
// RFC 9110, 5.6.4: a quoted one may hold quotes and backslashes behind a backslash.
std::string TakeValue(std::string_view& header) {
  header.remove_prefix(std::min(header.find_first_not_of(" \t"), header.size()));
  std::string value;
  size_t end = 0;
  if (header.starts_with('"')) {
    for (end = 1; end < header.size() && header[end] != '"'; ++end) {
      if (header[end] == '\\' && end + 1 < header.size()) ++end;
      value += header[end];
    }
    end = std::min(header.find(',', end), header.size());
  } else {
    end = std::min(header.find(','), header.size());
    value = base::Trim(header.substr(0, end));
  }
  header.remove_prefix(end);
  return value;
}

}  // namespace

bool AllowsPlainHttp(const std::vector<std::string>& patterns, std::string_view host) {
  const std::string_view name = host.substr(0, host.rfind(':'));
  for (const std::string& pattern : patterns) {
    const bool any = pattern.starts_with('*');
    const std::string_view rest = std::string_view(pattern).substr(any ? 1 : 0);
    if (rest.empty()) continue;  // "*" alone would turn TLS off for the world
    const std::string_view seen = rest.find(':') == std::string_view::npos ? name : host;
    if (any ? seen.size() > rest.size() && seen.ends_with(rest) : seen == rest) return true;
  }
  return false;
}

Result<std::optional<Credentials>> FindCredentials(std::string_view config, std::string_view host) {
  const Json json = TRY(value::ParseJson(config));
  const Json* auths = value::Find(json, {"auths"});
  if (auths == nullptr || !auths->is_object()) {
    return Fail(Code::kInvalid, "no object \"auths\" in it");
  }
  for (const auto& [key, entry] : auths->items()) {
    if (HostOf(key) != host || !entry.is_object()) continue;
    return std::optional(TRY(ReadCredentials(entry).During("credentials of " + key)));
  }
  return std::optional<Credentials>();
}

Challenge ReadChallenge(std::string_view header) {
  constexpr size_t kMostParameters = 32;
  Challenge challenge;
  header = base::Trim(header);
  const std::string_view scheme = header.substr(0, header.find_first_of(" \t,"));
  if (!IsToken(scheme)) return challenge;
  challenge.scheme = base::Lower(scheme);
  header.remove_prefix(scheme.size());
  while (challenge.parameters.size() < kMostParameters) {
    header.remove_prefix(std::min(header.find_first_not_of(", \t"), header.size()));
    const size_t equals = header.find('=');
    if (equals == std::string_view::npos) break;
    const std::string_view name = base::Trim(header.substr(0, equals));
    if (!IsToken(name)) break;  // the next challenge
    header.remove_prefix(equals + 1);
    challenge.parameters[base::Lower(name)] = TakeValue(header);
  }
  return challenge;
}

Result<std::string> ReadToken(std::string_view answer) {
  const Json json = TRY(value::ParseJson(answer));
  std::string token = value::FindString(json, {"token"});
  if (token.empty()) token = value::FindString(json, {"access_token"});
  const auto printable = [](char c) { return c > ' ' && c <= '~'; };
  if (token.empty() || !std::ranges::all_of(token, printable)) {
    return Fail(Code::kDenied, "no token in the answer");
  }
  return token;
}

RegistryAccess::RegistryAccess(net::Http& http, RegistryOptions options, api::Repository repository)
    : http_(http), options_(std::move(options)), repository_(std::move(repository)) {
  const bool plain = AllowsPlainHttp(options_.plain_http_hosts, repository_.host);
  origin_ = (plain ? "http://" : "https://") + repository_.host;
}

Result<> RegistryAccess::CheckScheme(const std::string& url) const {
  if (url.starts_with("https://")) return base::Ok();
  if (url.starts_with("http://") && AllowsPlainHttp(options_.plain_http_hosts, HostOf(url))) {
    return base::Ok();
  }
  return Fail(Code::kInvalid, "{} leads to {}, which is not on the list of hosts without TLS",
              repository_.host, url.substr(0, 200));
}

Result<std::string> RegistryAccess::Resolve(const std::string& path) const {
  if (path.starts_with("/")) return origin_ + path;
  if (path.find("://") == std::string::npos) {
    return origin_ + "/v2/" + repository_.path + "/" + path;
  }
  TRY(CheckScheme(path));
  return path;
}

Result<net::Response> RegistryAccess::SendOften(const net::Request& request, const Until& until) {
  base::Duration pause = kFirstPause;
  for (int attempt = 1;; ++attempt) {
    auto response = http_.Send(request, until.Within(kMostForOne));
    if (!WorthAnotherTry(response) || attempt == kAttempts || until.Over()) return response;
    if (!until.Pause(pause)) return response;
    pause *= 2;
  }
}

Result<net::Response> RegistryAccess::SendAuthorised(net::Request request, const Until& until) {
  // What was shown to the registry is for it alone, wherever it may point us to.
  const bool ours = HostOf(request.url) == repository_.host;
  if (ours && !authorization_.empty()) request.headers["authorization"] = authorization_;
  auto response = TRY(SendOften(request, until));
  if (response.status != 401 || !ours) return response;
  TRY(Authorise(ReadChallenge(response.headers["www-authenticate"]), until));
  request.headers["authorization"] = authorization_;
  response = TRY(SendOften(request, until));
  if (response.status == 401 || response.status == 403) {
    return Fail(Code::kDenied, "{}: the registry refuses our credentials for {} (status {})",
                repository_.host, repository_.path, response.status);
  }
  return response;
}

Result<net::Response> RegistryAccess::Send(net::Request request, const std::string& path,
                                           const Until& until) {
  request.url = TRY(Resolve(path));
  return SendAuthorised(std::move(request), until);
}

Result<net::Response> RegistryAccess::GetFollowing(const std::string& path, const Until& until) {
  auto response = TRY(Send({}, path, until));
  if (response.status != 307 && response.status != 302) return response;
  net::Request elsewhere;
  elsewhere.url = TRY(Resolve(response.headers["location"]));
  return SendOften(elsewhere, until);
}

Result<> RegistryAccess::Authorise(const Challenge& challenge, const Until& until) {
  std::optional<Credentials> credentials;
  if (!options_.credentials.empty()) {
    const std::string config = TRY(sys::ReadFile(options_.credentials, kMostConfigBytes));
    credentials = TRY(FindCredentials(config, repository_.host)
                          .During("credentials " + options_.credentials.string()));
  }
  if (challenge.scheme == "bearer") return FetchToken(challenge, credentials, until);
  if (challenge.scheme != "basic") {
    return Fail(Code::kDenied, "{}: the registry wants credentials of the kind \"{}\"",
                repository_.host, challenge.scheme.substr(0, 40));
  }
  if (!credentials) {
    return Fail(Code::kDenied,
                "{}: the registry wants a name and password: give them in a Secret of type "
                "kubernetes.io/dockerconfigjson",
                repository_.host);
  }
  authorization_ = "Basic " + net::Base64Encode(credentials->user + ":" + credentials->password);
  return base::Ok();
}

Result<> RegistryAccess::FetchToken(const Challenge& challenge,
                                    const std::optional<Credentials>& credentials,
                                    const Until& until) {
  const auto parameter = [&](const char* name) {
    const auto found = challenge.parameters.find(name);
    return found == challenge.parameters.end() ? std::string() : found->second;
  };
  const std::string realm = parameter("realm");
  TRY(CheckScheme(realm));
  net::Request request;
  request.url = realm + (realm.find('?') == std::string::npos ? "?" : "&") +
                "service=" + net::UrlEscape(parameter("service")) +
                "&scope=" + net::UrlEscape(parameter("scope"));
  if (credentials) {
    request.headers["authorization"] =
        "Basic " + net::Base64Encode(credentials->user + ":" + credentials->password);
  }
  const auto response = TRY(SendOften(request, until));
  if (response.status != 200) {
    return Fail(Code::kDenied, "{}: no token for {} from {} (status {})", repository_.host,
                repository_.path, realm, response.status);
  }
  authorization_ =
      "Bearer " +
      TRY(ReadToken(response.body).During(fmt::format("{}: {}", repository_.host, realm)));
  return base::Ok();
}

}  // namespace vmafx::trainer
