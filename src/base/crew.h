#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"

namespace base {

// A group of named threads that stop and join together. Destruction asks all to stop and joins
// them, so a Crew is the last member of the class whose data its threads use. Start may be called
// from any thread, also from one of its own.
class Crew {
 public:
  Crew() = default;
  ~Crew() { StopAndJoin(); }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // Runs `body` on a new thread called `name` (the kernel shows 15 characters), e.g. "watch/pods".
  // `body` must return soon after its token is stopped and must not throw. Once the crew is
  // stopping, nothing is started: false.
  bool Start(std::string name, std::function<void(std::stop_token)> body);

  // Asks all threads to stop; returns at once.
  void RequestStop() { stop_.request_stop(); }

  // Waits for all threads; not callable from one of them.
  void StopAndJoin();

  // For Until: ends when the crew is asked to stop.
  std::stop_token stop() const { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  Guarded<std::vector<std::thread>> threads_;
};

}  // namespace base
