#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/http_server.h"
#include "vmafx/controller/dispatcher.h"
#include "vmafx/controller/identity.h"

namespace vmafx::controller {

struct RestOptions {
  int most_scores = 1;  // POST /v1/score at the same time; more are answered 429
  base::Duration score_time = std::chrono::minutes(15);  // then 504, and the job is cancelled
};

// The HTTP side: scores on demand, a job as JSON, probes, metrics, and the description of all this
// (openapi.h). Errors are {"error": "..."}. Probes, metrics and the description need no token.
//
// A client that goes away does not end its POST /v1/score (HTTP/1.1 does not tell): the job is done
// all the same, within score_time. Thread-safe; handlers block for as long as a score takes.
class Rest {
 public:
  // kUnavailable with a reason: not ready.
  using Readiness = std::function<base::Result<>()>;

  Rest(Dispatcher& dispatcher, Authenticator& authenticator, RestOptions options,
       Readiness readiness, const std::string& version, base::Clock& clock);

  // They use this object, which must outlive the server.
  std::vector<net::Route> Routes();

 private:
  net::Answer Score(const net::Call& call);
  net::Answer ScoreNow(const net::Call& call);
  net::Answer Job(const net::Call& call);
  net::Answer Health();
  net::Answer Ready();
  net::Answer RenderMetrics();
  // Ok, or the answer for somebody who may not.
  base::Result<> Admit(const net::Call& call, Action action, int& status);

  Dispatcher& dispatcher_;
  Authenticator& authenticator_;
  RestOptions options_;
  Readiness readiness_;
  std::string specification_;
  std::string page_;
  base::Clock& clock_;
  std::atomic<int> scores_{0};
};

}  // namespace vmafx::controller
