#include "vmafx/gpu_plugin/folder_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

#include <algorithm>
#include <cerrno>

#include <climits>

#include "sys/error.h"

namespace vmafx::gpu_plugin {

namespace {

// Nobody needs what is in it: that it was readable says all.
void Drain(int fd) {
  char buffer[4096];
  while (read(fd, buffer, sizeof buffer) > 0) {
  }
}

int Milliseconds(const base::Until& until) {
  if (until.deadline() == base::Instant::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until.Left()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, INT_MAX));
}

}  // namespace

base::Result<FolderWatch> FolderWatch::Make(const std::filesystem::path& folder) {
  sys::Fd events(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  sys::Fd wake(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!events.valid() || !wake.valid()) return sys::SystemError(errno, "watching files");
  constexpr uint32_t kEvents = IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_ONLYDIR;
  if (inotify_add_watch(events.get(), folder.c_str(), kEvents) < 0)
    return sys::SystemError(errno, "watching " + folder.string());
  return FolderWatch(std::move(events), std::move(wake));
}

base::Result<> FolderWatch::Await(const base::Until& until) {
  std::stop_callback stopped(until.stop(), [this] { Wake(); });
  while (true) {
    if (until.Stopped()) return base::Error(base::Code::kCancelled, "stopped while waiting");
    pollfd fds[] = {{events_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    const int ready = poll(fds, std::size(fds), Milliseconds(until));
    if (ready < 0 && errno != EINTR) return sys::SystemError(errno, "watching files");
    if (until.Stopped()) continue;
    if (ready > 0) {
      Drain(events_.get());
      Drain(wake_.get());
      return base::Ok();
    }
    if (until.Expired()) return base::Error(base::Code::kTimeout, "nothing changed in time");
  }
}

void FolderWatch::Wake() {
  eventfd_write(wake_.get(), 1);
}

}  // namespace vmafx::gpu_plugin
