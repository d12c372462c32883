#include "cluster/native/state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/text.h"
#include "cluster/description.h"
#include "net/certificates.h"
#include "sys/error.h"
#include "sys/files.h"
#include "value/json.h"

namespace cluster::native {

namespace fs = std::filesystem;
using value::Json;

std::string StateDir::Cgroup(const std::string& name) const {
  return fmt::format("seatrial-{}-{}", name, net::Sha256Hex(path_.string()).substr(0, 8));
}

base::Result<sys::Fd> StateDir::Lock(const std::string& name) const {
  const std::string path = LockPath(name).string();
  // The file may be removed by its last owner between our open and our lock: then try again.
  for (int attempt = 0; attempt < 100; ++attempt) {
    TRY(sys::MakeDirs(path_, 0700));
    sys::Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd.valid() && errno == ENOENT) continue;
    if (!fd.valid()) return sys::SystemError(errno, path);
    if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return sys::SystemError(errno, path);
      return base::Fail(base::Code::kExists, "cluster {} is in use ({} is locked)", name, path);
    }
    struct stat mine {};
    struct stat there {};
    if (fstat(fd.get(), &mine) == 0 && stat(path.c_str(), &there) == 0 &&
        mine.st_ino == there.st_ino && mine.st_dev == there.st_dev)
      return fd;
  }
  return base::Fail(base::Code::kUnavailable, "{}: it changes faster than it can be locked", path);
}

bool StateDir::Locked(const std::string& name) const {
  sys::Fd fd(open(LockPath(name).c_str(), O_RDWR | O_CLOEXEC));
  return fd.valid() && flock(fd.get(), LOCK_SH | LOCK_NB) != 0;
}

void StateDir::Forget(const std::string& name, sys::Fd lock) const {
  unlink(LockPath(name).c_str());
  lock.Reset();
  rmdir(path_.c_str());  // fails while other clusters are there, as it should
}

std::vector<std::string> StateDir::Names() const {
  std::set<std::string> names;
  std::error_code missing;  // no state folder: no clusters
  for (fs::directory_iterator entry(path_, missing), end; !missing && entry != end;
       entry.increment(missing)) {
    const fs::path& path = entry->path();
    if (path.extension() == ".lock") {
      names.insert(path.stem().string());
    } else if (fs::exists(Layout{path}.Record()) || fs::exists(path / "pki")) {
      names.insert(path.filename().string());
    }
  }
  return {names.begin(), names.end()};
}

std::string RecordText(const Cluster& cluster) {
  const Json json{{"name", cluster.name},
                  {"level", ToString(cluster.level)},
                  {"kubernetesBin", cluster.kubernetes_bin.string()},
                  {"nodeName", cluster.node_name},
                  {"apiPort", cluster.api_port},
                  {"initPid", cluster.init_pid},
                  {"kubernetesVersion", cluster.kubernetes_version},
                  {"startTable", StartTableJson(cluster.start_table)}};
  return json.dump(2) + "\n";
}

base::Result<> WriteRecord(const Layout& layout, const Cluster& cluster) {
  return sys::WriteFileAtomically(layout.Record(), RecordText(cluster), 0600);
}

base::Result<Cluster> ReadRecord(const Layout& layout) {
  return ParseRecord(TRY(sys::ReadFile(layout.Record(), size_t{1} << 20)), layout);
}

base::Result<Cluster> ParseRecord(std::string_view text, const Layout& layout) {
  const Json json = TRY(ParseDescription(text).During(layout.Record().string()));
  const auto word = [&](const char* name) { return value::FindString(json, {name}); };
  Cluster cluster;
  cluster.name = word("name");
  if (const std::string level = word("level"); !level.empty())
    cluster.level = TRY(ParseLevel(level).During(layout.Record().string()));
  cluster.folder = layout.folder;
  cluster.kubeconfig = layout.Kubeconfig();
  cluster.inside_kubeconfig = layout.InsideKubeconfig();
  cluster.kubernetes_bin = word("kubernetesBin");
  cluster.containerd_socket = layout.ContainerdSocket();
  cluster.logs = layout.folder / "logs";
  cluster.node_name = word("nodeName");
  cluster.api_port = NumberOr0(json, "apiPort");
  cluster.init_pid = NumberOr0(json, "initPid");
  cluster.kubernetes_version = word("kubernetesVersion");
  cluster.start_table = ReadStartTable(json);
  return cluster;
}

base::Result<> WriteNew(const fs::path& path, std::string_view content, mode_t mode) {
  TRY(sys::MakeDirs(path.parent_path(), 0700));
  sys::Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!fd.valid()) return sys::SystemError(errno, path.string());
  while (!content.empty()) {
    const ssize_t written = write(fd.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return sys::SystemError(errno, path.string());
    content.remove_prefix(static_cast<size_t>(written));
  }
  return base::Ok();
}

std::string LogTail(const fs::path& path) {
  constexpr size_t kLines = 5;
  const auto text = sys::ReadFile(path);
  if (!text.ok() || base::Trim(*text).empty()) return "";
  std::vector<std::string> lines = base::Split(base::Trim(*text), '\n');
  if (lines.size() > kLines) lines.erase(lines.begin(), lines.end() - kLines);
  return fmt::format(" ({} ends with: {})", path.string(), base::Join(lines, " | "));
}

}  // namespace cluster::native
