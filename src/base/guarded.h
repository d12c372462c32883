#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/clock.h"
#include "base/result.h"

namespace base {

// Data that lives inside its lock (after KJ's MutexGuarded): there is no way to reach it unguarded.
// Never do I/O inside With or When. Any thread; must outlive its users.
template <typename T>
class Guarded {
 public:
  template <typename... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  // Calls f(T&) with the lock held, then wakes those who wait in When. Returns what f returns.
  template <typename F>
  decltype(auto) With(F&& f) {
    struct Notify {
      std::condition_variable_any& changed;
      ~Notify() { changed.notify_all(); }
    } notify{changed_};
    std::lock_guard lock(mutex_);
    return std::forward<F>(f)(value_);
  }

  // Calls f(const T&) with the lock held. Wakes nobody.
  template <typename F>
  decltype(auto) Read(F&& f) const {
    std::lock_guard lock(mutex_);
    return std::forward<F>(f)(std::as_const(value_));
  }

  // Waits until ready(const T&) is true, then calls f(T&) under the same lock. kTimeout or
  // kCancelled when `until` is over first; then f is not called.
  template <typename Ready, typename F>
  auto When(const Until& until, Ready&& ready, F&& f) -> Result<decltype(f(std::declval<T&>()))> {
    std::unique_lock lock(mutex_);
    while (!ready(std::as_const(value_))) {
      if (until.Stopped()) return Error(Code::kCancelled, "stopped while waiting");
      if (until.Expired()) return Error(Code::kTimeout, "the deadline passed while waiting");
      until.clock().Wait(changed_, lock, until.deadline(), until.stop());
    }
    auto result = f(value_);
    lock.unlock();
    changed_.notify_all();
    return result;
  }

  // Waits until ready(const T&) is true.
  template <typename Ready>
  Result<> Await(const Until& until, Ready&& ready) {
    return When(until, std::forward<Ready>(ready), [](T&) { return Nothing{}; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  T value_;
};

}  // namespace base
