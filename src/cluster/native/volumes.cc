#include "cluster/native/volumes.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "sys/error.h"
#include "sys/files.h"

namespace cluster::native {

base::Result<> VolumeOpener::Watch(const std::string& folder) {
  TRY(sys::MakeDirs(folder));
  folder_ = sys::Fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  events_ = sys::Fd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!folder_.valid() || !events_.valid() ||
      inotify_add_watch(events_.get(), folder.c_str(), IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0)
    return sys::SystemError(errno, "watching " + folder);
  return base::Ok();
}

void VolumeOpener::OpenNew() {
  alignas(inotify_event) char buffer[16384];
  ssize_t count;
  while ((count = read(events_.get(), buffer, sizeof buffer)) > 0) {
    for (ssize_t at = 0; at < count;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      at += static_cast<ssize_t>(sizeof *event + event->len);
      if (event->len == 0 || (event->mask & IN_ISDIR) == 0) continue;
      const sys::Fd volume(
          openat(folder_.get(), event->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (volume.valid()) fchmod(volume.get(), 0777);
    }
  }
}

}  // namespace cluster::native
