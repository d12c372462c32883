#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/log.h"
#include "kube/kubeconfig.h"
#include "kube/text_file.h"
#include "net/http.h"

namespace kube {

// One request to the API server.
struct Call {
  std::string method = "GET";
  std::string path;  // with query
  std::string what;  // for messages: "pods default/web"
  std::string body;
  std::string content_type = "application/json";
  // Told on the calling thread that the server has asked to come back later, before the pause.
  std::function<void(const base::Error&)> on_refused = {};
};

// Requests with our credentials, answers as errors with kube::Client's codes and messages, and its
// rules for trying again. Thread-safe.
class Rest {
 public:
  Rest(ClusterAccess access, base::Log log, const std::string& user_agent);

  // The body of a 2xx answer. Where time is up while an overloaded server is read from again, the
  // error is what it said before.
  base::Result<std::string> Send(const Call& call, const base::Until& until);

  // As net::Http::Stream: ok means 2xx and an orderly end.
  base::Result<> Stream(const Call& call, const std::function<bool(std::string_view)>& sink,
                        const base::Until& until);

  const ClusterAccess& access() const { return access_; }

 private:
  using Attempt = std::function<base::Result<net::Response>(const net::Request&)>;
  enum class Breaks { kAreFinal, kAllowOneMore };
  // `refused`, if not null: the last time that the server had too much to do.
  base::Result<net::Response> Try(const Call& call, const Attempt& attempt, Breaks breaks,
                                  std::optional<base::Error>* refused, const base::Until& until);
  base::Result<net::Request> MakeRequest(const Call& call);
  // How long to wait before the same request is sent again; nullopt: the answer stands.
  std::optional<base::Duration> PauseAfter(const net::Response& response, const base::Until& until);

  const ClusterAccess access_;
  const base::Log log_;
  const std::unique_ptr<net::Http> http_;
  TokenFile token_file_;
  base::Guarded<std::optional<base::Instant>> broke_;  // when there last was no connection
};

}  // namespace kube
