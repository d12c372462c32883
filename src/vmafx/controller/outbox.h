#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/crew.h"
#include "base/guarded.h"
#include "base/log.h"
#include "net/line_stream.h"
#include "vmafx/controller/store.h"

namespace vmafx::controller {

struct OutboxOptions {
  base::Duration backoff_base = std::chrono::seconds(1);  // of a trainer that is not reached,
  base::Duration backoff_max = std::chrono::seconds(60);  // doubled each time up to this
  base::Duration keep = std::chrono::hours(24);           // then a sample is dropped
  int64_t most = 100'000;                                 // samples in all; the oldest go
  base::Duration answer_time = std::chrono::seconds(10);  // to connect, and for each answer
  // How a trainer is reached; tests lead it elsewhere.
  std::function<base::Result<net::LineStream>(const std::string& address, const base::Until&)>
      connect = net::LineStream::Connect;
};

enum class Delivered { kAcknowledged, kRefused, kExpired };

// Brings the samples that workers could not to their trainers, on one thread: one trainer after the
// other, each with all that waits for it over one connection (vmafx/api/feedback.h). A sample
// leaves the database when its trainer has acknowledged it, or refuses it for good, or is silent
// for too long; so it may be told twice, which trainers expect. Goes on after a restart where it
// was.
class Outbox {
 public:
  using Listener = std::function<void(Delivered what, int64_t count)>;

  // `store` and what `listener` uses must outlive it.
  Outbox(JobStore& store, OutboxOptions options, Listener listener, base::Clock& clock,
         base::Log log);

  // There is a new sample.
  void Wake();

 private:
  // Of a trainer that was not reached.
  struct Trouble {
    int failures = 0;
    base::Instant again_at;
  };
  struct State {
    bool woken = true;  // there may be samples from before the start
  };

  void Loop(const base::Until& until);
  // Visits the trainers whose time has come; when the next one's comes.
  base::Result<base::Instant> Round(const base::Until& until);
  base::Result<> Expire(const base::Until& until);
  // All samples of one trainer, as far as it answers.
  base::Result<> Visit(const std::string& trainer, const base::Until& until);
  base::Result<> Tell(net::LineStream& stream, const std::string& trainer,
                      const WaitingSample& sample, const base::Until& until);
  void NoteTrouble(const std::string& trainer, const base::Error& error);

  JobStore& store_;
  OutboxOptions options_;
  Listener listener_;
  base::Clock& clock_;
  base::Log log_;
  std::map<std::string, Trouble> troubles_;  // the thread's own
  base::Guarded<State> state_;
  base::Crew crew_;
};

}  // namespace vmafx::controller
