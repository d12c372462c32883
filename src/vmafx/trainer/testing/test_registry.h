#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "net/http_server.h"

namespace vmafx::trainer {

// A strict small OCI registry on a loopback port, for what the real one does not do on request:
// refuse, lie, break, ask for credentials. Any repository; memory only.
class TestRegistry {
 public:
  enum class Login { kNone, kBasic, kBearer };

  // What it does wrong, changeable while it runs.
  struct Faults {
    int fail_next = 0;  // so many requests are answered with `fail_status`
    int fail_status = 503;
    bool wrong_digest = false;      // in the answer to a manifest
    bool corrupt_blobs = false;     // blobs come back changed
    std::string upload_location;    // instead of its own
    std::string redirect_blobs_to;  // 307 instead of a blob
  };

  // Names and passwords for kBasic and kBearer: "user", "secret".
  explicit TestRegistry(Login login = Login::kNone);
  ~TestRegistry();

  std::string host() const;  // "127.0.0.1:PORT"
  void Set(Faults faults);

  struct Content {
    std::map<std::string, std::string> blobs;      // by digest
    std::map<std::string, std::string> manifests;  // by "REPOSITORY:REFERENCE"
    std::vector<std::string> requests;             // "PUT /v2/…"
    int protests = 0;                              // requests that the specification forbids
  };
  Content content() const;
  // Manifest of a tag, "" when there is none.
  std::string Manifest(const std::string& repository, const std::string& tag) const;
  void Put(const std::string& repository, const std::string& tag, const std::string& manifest,
           const std::vector<std::string>& blobs);

 private:
  struct State : Content {
    Faults faults;
    std::set<std::string> uploads;
    int next_upload = 1;
  };

  net::Answer Handle(const net::Call& call);
  net::Answer Route(const net::Call& call, State& state);
  bool Allowed(const net::Call& call) const;
  net::Answer AskForLogin() const;

  Login login_;
  base::Guarded<State> state_;
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace vmafx::trainer
