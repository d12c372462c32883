#pragma once

#include <atomic>
#include <chrono>
#include <stop_token>

#include "base/crew.h"

namespace sys {

// Makes SIGINT, SIGTERM and SIGHUP a stop token. Made first thing in main(), before any thread: it
// blocks them in this thread and so in all later ones, and reads them on a thread of its own. The
// first asks to stop; the second ends the process with 130 at once, but not the same one within
// `same_wish`, as timeout(1) and some CI runners send it, to a program and then to its group.
// Children started by sys::Process get default signals again.
// SIGPIPE is ignored.
class Signals {
 public:
  explicit Signals(std::chrono::milliseconds same_wish = std::chrono::milliseconds(300));
  ~Signals();

  std::stop_token stop() const { return stop_.get_token(); }
  // The signal that asked to stop, or 0.
  int received() const { return received_; }

 private:
  std::stop_source stop_;
  std::atomic<int> received_{0};
  base::Crew crew_;
};

}  // namespace sys
