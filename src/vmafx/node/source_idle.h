#pragma once

#include <atomic>
#include <stop_token>

#include "base/clock.h"
#include "base/crew.h"

namespace vmafx::node {

// Stops its token when a peer that is listened to has said nothing for `limit`, and when `outer` is
// stopped. Time in which nobody listens does not count. Thread-safe.
class IdleWatch {
 public:
  // Listening from now on. `clock` must outlive it.
  IdleWatch(base::Clock& clock, base::Duration limit, std::stop_token outer);

  // The limit begins anew.
  void Listen() { since_ = clock_.Now().time_since_epoch().count(); }
  void Pause() { since_ = kPaused; }

  // Whether it was the limit that stopped the token.
  bool fired() const { return fired_; }
  std::stop_token stop() const { return stop_.get_token(); }

 private:
  struct Stop {
    IdleWatch* watch;
    void operator()() const { watch->stop_.request_stop(); }
  };
  static constexpr int64_t kPaused = -1;

  void Watch(const std::stop_token& stop);

  base::Clock& clock_;
  const base::Duration limit_;
  std::atomic<int64_t> since_{kPaused};
  std::atomic<bool> fired_{false};
  std::stop_source stop_;
  std::stop_callback<Stop> on_stop_;
  base::Crew crew_;
};

}  // namespace vmafx::node
