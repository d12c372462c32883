#include "app/seatrial/owner.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <vector>

#include "sys/error.h"
#include "sys/process.h"

namespace app {
namespace {

namespace fs = std::filesystem;

std::optional<unsigned> Number(const std::map<std::string, std::string>& environment,
                               const char* name) {
  const auto found = environment.find(name);
  if (found == environment.end()) return std::nullopt;
  const char* end = found->second.data() + found->second.size();
  unsigned number = 0;
  const auto read = std::from_chars(found->second.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end || number == static_cast<uid_t>(-1))
    return std::nullopt;
  return number;
}

base::Result<> Give(const Owner& owner, const fs::path& path) {
  if (lchown(path.c_str(), owner.uid, owner.gid) == 0 || errno == ENOENT) return base::Ok();
  return sys::SystemError(errno, "giving " + path.string() + " to the user who called sudo");
}

bool IsNewAndRoots(const fs::path& path, base::WallTime since) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0 || found.st_uid != 0) return false;
  // The kernel's stamps lag behind the clock by a tick.
  constexpr time_t kTick = 1;
  return found.st_ctim.tv_sec + kTick >= std::chrono::system_clock::to_time_t(since);
}

}  // namespace

std::optional<Owner> CallingUser() {
  if (geteuid() != 0) return std::nullopt;
  const auto environment = sys::Environment();
  const auto uid = Number(environment, "SUDO_UID");
  const auto gid = Number(environment, "SUDO_GID");
  if (!uid || !gid || *uid == 0) return std::nullopt;
  return Owner{*uid, *gid};
}

base::Result<> GiveCluster(const Owner& owner, const cluster::Cluster& cluster,
                           const fs::path& state_dir) {
  // Its names are no secret; what they name is, by its own mode.
  std::error_code error;
  constexpr auto kSearchable = fs::perms::owner_all | fs::perms::group_read |
                               fs::perms::group_exec | fs::perms::others_read |
                               fs::perms::others_exec;
  fs::permissions(state_dir, kSearchable, error);
  if (error) return sys::SystemError(error.value(), state_dir.string());
  std::vector<fs::path> paths = {cluster.folder, cluster.kubeconfig, cluster.logs,
                                 cluster.folder.parent_path() / (cluster.name + ".lock")};
  if (cluster.kind) {
    fs::permissions(cluster.folder.parent_path(), kSearchable, error);
    if (error) return sys::SystemError(error.value(), cluster.folder.parent_path().string());
    paths.push_back(cluster.folder / "record.json");
  } else {
    for (const char* file : {"inside.kubeconfig", "cluster.json", "components.json"})
      paths.push_back(cluster.folder / file);
  }
  for (fs::directory_iterator at(cluster.logs, error), end; !error && at != end;
       at.increment(error))
    paths.push_back(at->path());
  for (const fs::path& path : paths) TRY(Give(owner, path));
  return base::Ok();
}

base::Result<> GiveNew(const Owner& owner, const fs::path& path, base::WallTime since) {
  if (IsNewAndRoots(path, since)) TRY(Give(owner, path));
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(path, error))) return base::Ok();
  for (fs::recursive_directory_iterator at(path, error), end; !error && at != end;
       at.increment(error)) {
    if (IsNewAndRoots(at->path(), since)) TRY(Give(owner, at->path()));
  }
  return base::Ok();
}

}  // namespace app
