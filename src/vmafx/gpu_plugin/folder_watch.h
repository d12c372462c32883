#pragma once

#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "sys/fd.h"

namespace vmafx::gpu_plugin {

// Tells that something was made, removed or renamed in a folder (inotify(7)), without looking again
// and again. What it was is for the caller to see. Awaited by one thread, woken by any.
class FolderWatch {
 public:
  // kNotFound, kDenied: the folder cannot be watched.
  static base::Result<FolderWatch> Make(const std::filesystem::path& folder);

  // Returns after a change since the last call (or since Make), or after Wake. kTimeout, kCancelled
  // when `until` is over first.
  base::Result<> Await(const base::Until& until);

  // Makes this or the next Await return.
  void Wake();

 private:
  FolderWatch(sys::Fd events, sys::Fd wake) : events_(std::move(events)), wake_(std::move(wake)) {}

  sys::Fd events_;
  sys::Fd wake_;
};

}  // namespace vmafx::gpu_plugin
