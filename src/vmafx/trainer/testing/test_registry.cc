#include "vmafx/trainer/testing/test_registry.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "net/certificates.h"
#include "value/json.h"
#include "vmafx/trainer/registry.h"

namespace vmafx::trainer {

using net::Answer;
using net::Call;

namespace {

constexpr char kToken[] = "token-for-pushing";

Answer Error(int status, const std::string& code) {
  Answer answer{status, R"({"errors":[{"code":")" + code + R"(","message":"no"}]})"};
  answer.content_type = "application/json";
  return answer;
}

Answer WithDigest(int status, std::string body, const std::string& digest) {
  Answer answer{status, std::move(body), "application/octet-stream"};
  answer.headers["Docker-Content-Digest"] = digest;
  return answer;
}

// "/v2/NAME/blobs/DIGEST" to NAME and DIGEST.
struct Path {
  std::string name;
  std::string rest;
};
std::optional<Path> Cut(const std::string& path, const std::string& middle) {
  const size_t at = path.find(middle);
  if (!path.starts_with("/v2/") || at == std::string::npos) return std::nullopt;
  return Path{path.substr(4, at - 4), path.substr(at + middle.size())};
}

}  // namespace

TestRegistry::TestRegistry(Login login) : login_(login) {
  std::vector<net::Route> routes;
  for (const char* method : {"GET", "POST", "PUT"}) {
    routes.push_back({method, "/*", [this](const Call& call) { return Handle(call); }});
  }
  net::HttpServerOptions options;
  options.body_limit = 64 << 20;
  auto server = net::HttpServer::Start("127.0.0.1:0", std::move(routes), options);
  CHECK(server.ok());
  server_ = *std::move(server);
}

TestRegistry::~TestRegistry() = default;

std::string TestRegistry::host() const {
  return fmt::format("127.0.0.1:{}", server_->port());
}

void TestRegistry::Set(Faults faults) {
  state_.With([&](State& state) { state.faults = std::move(faults); });
}

TestRegistry::Content TestRegistry::content() const {
  return state_.Read([](const State& state) -> Content { return state; });
}

std::string TestRegistry::Manifest(const std::string& repository, const std::string& tag) const {
  const Content all = content();
  const auto found = all.manifests.find(repository + ":" + tag);
  return found == all.manifests.end() ? "" : found->second;
}

void TestRegistry::Put(const std::string& repository, const std::string& tag,
                       const std::string& manifest, const std::vector<std::string>& blobs) {
  state_.With([&](State& state) {
    state.manifests[repository + ":" + tag] = manifest;
    for (const std::string& blob : blobs) state.blobs[Digest(blob)] = blob;
  });
}

bool TestRegistry::Allowed(const Call& call) const {
  const auto found = call.headers.find("authorization");
  const std::string shown = found == call.headers.end() ? "" : found->second;
  const std::string basic = "Basic " + net::Base64Encode("user:secret");
  switch (login_) {
    case Login::kNone:
      return true;
    case Login::kBasic:
      return shown == basic;
    case Login::kBearer:
      return shown == (call.path == "/token" ? basic : std::string("Bearer ") + kToken);
  }
  return false;
}

Answer TestRegistry::AskForLogin() const {
  Answer answer = Error(401, "UNAUTHORIZED");
  answer.headers["WWW-Authenticate"] =
      login_ == Login::kBasic
          ? "Basic realm=\"test, registry\""
          : fmt::format(
                "Bearer realm=\"http://{}/token\",service=\"test\",scope=\"repository:models/"
                "vmafx:pull,push\"",
                host());
  return answer;
}

Answer TestRegistry::Handle(const Call& call) {
  return state_.With([&](State& state) {
    state.requests.push_back(call.method + " " + call.path);
    if (state.faults.fail_next > 0) {
      --state.faults.fail_next;
      return Error(state.faults.fail_status, "UNAVAILABLE");
    }
    if (!Allowed(call)) return AskForLogin();
    if (call.path == "/token") return Answer{200, fmt::format(R"({{"token":"{}"}})", kToken)};
    return Route(call, state);
  });
}

Answer TestRegistry::Route(const Call& call, State& state) {
  const bool reads = call.method == "GET" || call.method == "HEAD";
  if (const auto upload = Cut(call.path, "/blobs/uploads/")) {
    if (call.method == "POST") {
      const std::string id = fmt::format("u{}", state.next_upload++);
      state.uploads.insert(id);
      Answer answer = Error(202, "");
      answer.headers["Location"] =
          state.faults.upload_location.empty()
              ? fmt::format("/v2/{}/blobs/uploads/{}?state=x", upload->name, id)
              : state.faults.upload_location;
      return answer;
    }
    const auto digest = call.query.find("digest");
    if (call.method != "PUT" || state.uploads.erase(upload->rest) == 0 ||
        digest == call.query.end() || call.query.count("state") == 0 ||
        digest->second != Digest(call.body)) {
      ++state.protests;
      return Error(400, "DIGEST_INVALID");
    }
    state.blobs[digest->second] = call.body;
    return WithDigest(201, "", digest->second);
  }
  if (const auto blob = Cut(call.path, "/blobs/"); blob && reads) {
    const auto found = state.blobs.find(blob->rest);
    if (found == state.blobs.end()) return Error(404, "BLOB_UNKNOWN");
    if (!state.faults.redirect_blobs_to.empty() && call.method == "GET") {
      Answer answer = Error(307, "");
      answer.headers["Location"] = state.faults.redirect_blobs_to;
      return answer;
    }
    std::string body = found->second;
    if (state.faults.corrupt_blobs) body[body.size() / 2] ^= 1;
    return WithDigest(200, body, found->first);
  }
  const auto manifest = Cut(call.path, "/manifests/");
  if (!manifest) return Error(404, "NAME_UNKNOWN");
  std::string& stored = state.manifests[manifest->name + ":" + manifest->rest];
  if (reads) {
    return stored.empty() ? Error(404, "MANIFEST_UNKNOWN")
                          : WithDigest(200, stored, Digest(stored));
  }
  const auto json = value::ParseJson(call.body);
  const auto type = call.headers.find("content-type");
  bool whole = json.ok() && type != call.headers.end() && type->second == kManifestType;
  for (const char* part : {"config", "layers"}) {
    const value::Json blobs = !whole                     ? value::Json::array()
                              : (*json)[part].is_array() ? (*json)[part]
                                                         : value::Json::array({(*json)[part]});
    for (const value::Json& blob : blobs) {
      const auto found = state.blobs.find(value::FindString(blob, {"digest"}));
      whole = whole && found != state.blobs.end() && blob["size"] == found->second.size();
    }
  }
  if (!whole) {
    ++state.protests;
    return Error(400, "MANIFEST_BLOB_UNKNOWN");
  }
  stored = call.body;
  return WithDigest(201, "", state.faults.wrong_digest ? Digest("other") : Digest(stored));
}

}  // namespace vmafx::trainer
