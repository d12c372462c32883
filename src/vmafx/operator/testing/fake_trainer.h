#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "net/http_server.h"
#include "net/testing/reserved_port.h"
#include "value/json.h"

namespace vmafx::operators::testing {

// The HTTP side of vmafx-trainer: a real server with GET /status?revision=N&wait=Ns.
class FakeTrainer {
 public:
  FakeTrainer();
  ~FakeTrainer();

  // Merged into the status; the revision grows, and who waits is answered.
  void Say(const value::Json& changes);
  // Answers everything with this HTTP status; 200: normally again.
  void AnswerWith(int status);
  // The process is gone, and back on the same port with the state that it had.
  void Stop();
  void Restart();

  std::string url() const;  // of /status
  int asked() const;
  void AwaitAsked(int times);

 private:
  struct State {
    value::Json status;
    int64_t revision = 1;
    int answer = 200;
    int asked = 0;
    bool stopping = false;
  };

  void Listen();
  net::Answer Answer(const net::Call& call);

  base::SystemClock clock_;
  base::Guarded<State> state_;
  net::testing::ReservedPort port_;  // also between two lives
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace vmafx::operators::testing
