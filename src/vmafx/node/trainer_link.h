#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/crew.h"
#include "base/guarded.h"
#include "base/log.h"
#include "base/queue.h"
#include "net/line_stream.h"
#include "vmafx/api/feedback.h"

namespace vmafx::node {

// A sample on its way to one trainer.
struct Delivery {
  enum class State { kWaiting, kAcknowledged, kRefused, kGivenUp };
  struct Progress {
    State state = State::kWaiting;
    std::string trouble;  // why it is not there yet, or why it was refused
  };

  std::string job_id;
  std::string line;  // of api/feedback.h, without its end
  base::Instant deadline;
  base::Guarded<Progress> progress;
};

// The conversation with one trainer or forwarder, on a thread of its own: samples go one after the
// other over one connection, which is made when it is needed and kept. What is not acknowledged is
// sent again, over a new connection and with growing waits, until its deadline. Thread-safe.
class TrainerLink {
 public:
  using Connect = std::function<base::Result<net::LineStream>(const std::string& address,
                                                              const base::Until& until)>;

  // `address` as `connect`, which is net::LineStream::Connect, takes it.
  TrainerLink(std::string address, Connect connect, base::Clock& clock, base::Log log);

  const std::string& address() const { return address_; }

  // Blocks only while very many wait. Whoever no longer cares sets the state to kGivenUp.
  base::Result<> Send(std::shared_ptr<Delivery> delivery, const base::Until& until);

 private:
  void Loop(const base::Until& until);
  void Deliver(Delivery& delivery, const base::Until& until);
  base::Result<api::FeedbackReply> Exchange(const Delivery& delivery, const base::Until& until);

  std::string address_;
  Connect connect_;
  base::Log log_;
  base::Queue<std::shared_ptr<Delivery>> queue_;
  std::optional<net::LineStream> stream_;  // of the link's thread
  base::Crew crew_;
};

}  // namespace vmafx::node
