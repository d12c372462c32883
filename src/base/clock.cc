#include "base/clock.h"

#include <algorithm>
#include <utility>

#include <fmt/chrono.h>

namespace base {

Instant SystemClock::Now() const {
  return std::chrono::steady_clock::now();
}
WallTime SystemClock::WallNow() const {
  return std::chrono::system_clock::now();
}

void SystemClock::Wait(std::condition_variable_any& changed, std::unique_lock<std::mutex>& lock,
                       Instant deadline, std::stop_token stop) {
  // The predicate form is the one that takes a stop token; it returns at the first wake-up because
  // a wake-up is all that Wait promises.
  bool woken = false;
  changed.wait_until(lock, stop, deadline, [&] { return std::exchange(woken, true); });
}

Instant FakeClock::Now() const {
  std::lock_guard lock(mutex_);
  return now_;
}

WallTime FakeClock::WallNow() const {
  constexpr WallTime kStart = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};
  return kStart + std::chrono::duration_cast<WallTime::duration>(
                      Now() - Instant(std::chrono::seconds(1000)));
}

void FakeClock::Wait(std::condition_variable_any& changed, std::unique_lock<std::mutex>& lock,
                     Instant deadline, std::stop_token stop) {
  if (Now() >= deadline) return;
  bool woken = false;
  changed.wait_for(lock, stop, std::chrono::milliseconds(1),
                   [&] { return std::exchange(woken, true); });
}

void FakeClock::Advance(Duration by) {
  std::lock_guard guard(mutex_);
  now_ += by;
}

Until Until::Within(Duration span) const {
  return Until(*clock_, std::min(deadline_, clock_->Now() + span), stop_);
}

Duration Until::Left() const {
  return std::max(deadline_ - clock_->Now(), Duration::zero());
}

bool Until::Pause(Duration span) const {
  return PauseTill(clock_->Now() + span);
}

bool Until::PauseTill(Instant end) const {
  const Instant wake = std::min(end, deadline_);
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  while (clock_->Now() < wake && !Stopped()) clock_->Wait(never, lock, wake, stop_);
  return clock_->Now() >= end;
}

std::string FormatTime(WallTime time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", std::chrono::floor<std::chrono::seconds>(time));
}

}  // namespace base
