#pragma once

// Time as a parameter. Only app/ and tests make a clock; everybody else is given one, or an Until
// that holds it.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>

namespace base {

using Duration = std::chrono::nanoseconds;
// Time since the clock's own start, never set back.
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::system_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;

  virtual Instant Now() const = 0;
  // Date and time for people and for Kubernetes timestamps.
  virtual WallTime WallNow() const = 0;

  // Waits on `changed` (with `lock` held, as any condition variable) until notified, `deadline`, or
  // `stop`. May wake early: the caller re-checks its condition. Any thread.
  virtual void Wait(std::condition_variable_any& changed, std::unique_lock<std::mutex>& lock,
                    Instant deadline, std::stop_token stop) = 0;
};

class SystemClock final : public Clock {
 public:
  Instant Now() const override;
  WallTime WallNow() const override;
  void Wait(std::condition_variable_any& changed, std::unique_lock<std::mutex>& lock,
            Instant deadline, std::stop_token stop) override;
};

// Time that stands still until Advance. Thread-safe. Ships with the product's tests; starts at 1000
// s and 2026-01-01T00:00:00Z. Its Wait returns within a real millisecond or two, which callers must
// allow for anyway.
class FakeClock final : public Clock {
 public:
  Instant Now() const override;
  WallTime WallNow() const override;
  void Wait(std::condition_variable_any& changed, std::unique_lock<std::mutex>& lock,
            Instant deadline, std::stop_token stop) override;

  void Advance(Duration by);

 private:
  mutable std::mutex mutex_;
  Instant now_{std::chrono::seconds(1000)};
};

// How long a call may block: a stop token, an absolute deadline and the clock that the deadline is
// measured on. The last parameter of everything that can block. A value; callers tighten it
// (Within), never extend it, never store it.
class Until {
 public:
  Until(Clock& clock, Instant deadline, std::stop_token stop = {})
      : clock_(&clock), deadline_(deadline), stop_(std::move(stop)) {}

  // From now on for `span`.
  static Until After(Clock& clock, Duration span, std::stop_token stop = {}) {
    return Until(clock, clock.Now() + span, std::move(stop));
  }

  // The same, but at most `span` from now.
  Until Within(Duration span) const;
  // The same, but it also ends when `stop` does. Ends with either token only while `*this` has no
  // token of its own.
  Until Stopping(std::stop_token stop) const { return Until(*clock_, deadline_, std::move(stop)); }

  Clock& clock() const { return *clock_; }
  Instant deadline() const { return deadline_; }
  const std::stop_token& stop() const { return stop_; }

  bool Expired() const { return clock_->Now() >= deadline_; }
  bool Stopped() const { return stop_.stop_requested(); }
  bool Over() const { return Stopped() || Expired(); }
  // Never negative.
  Duration Left() const;

  // Blocks for `span`, or until this is over. For back-off between attempts only: wait on change
  // elsewhere. True when the whole span passed.
  bool Pause(Duration span) const;
  // The same, till `end`.
  bool PauseTill(Instant end) const;

 private:
  Clock* clock_;
  Instant deadline_;
  std::stop_token stop_;
};

// "2026-11-23T05:33:10Z", as Kubernetes writes metav1.Time.
std::string FormatTime(WallTime time);

}  // namespace base
