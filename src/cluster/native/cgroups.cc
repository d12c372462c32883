#include "cluster/native/cgroups.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/text.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/files.h"

namespace cluster::native {

namespace fs = std::filesystem;

namespace {

base::Result<> WriteControl(const fs::path& file, std::string_view value) {
  sys::Fd fd(open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid() || write(fd.get(), value.data(), value.size()) < 0)
    return sys::SystemError(errno, file.string());
  return base::Ok();
}

// A new cpuset group has no CPUs and can hold no process.
base::Result<> CopyCpuset(const fs::path& parent, const fs::path& group) {
  for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {
    const std::string value = TRY(sys::ReadFile(parent / file));
    TRY(WriteControl(group / file, base::Trim(value)));
  }
  return base::Ok();
}

// Children may use the controllers that their parent lists in cgroup.subtree_control.
base::Result<> PassControllers(const fs::path& parent) {
  const std::string there = TRY(sys::ReadFile(parent / "cgroup.controllers"));
  const std::string passed = TRY(sys::ReadFile(parent / "cgroup.subtree_control"));
  const std::vector<std::string> have = base::Split(base::Trim(passed), ' ');
  for (const std::string& controller : base::Split(base::Trim(there), ' ')) {
    if (!controller.empty() && std::find(have.begin(), have.end(), controller) == have.end())
      TRY(WriteControl(parent / "cgroup.subtree_control", "+" + controller));
  }
  return base::Ok();
}

// Removes what can be removed, deepest first; false while something is left.
bool RemoveTree(const fs::path& group) {
  std::error_code gone;
  for (fs::directory_iterator entry(group, gone), end; !gone && entry != end;
       entry.increment(gone)) {
    std::error_code ignored;
    if (entry->is_directory(ignored) && !entry->is_symlink(ignored)) RemoveTree(entry->path());
  }
  return rmdir(group.c_str()) == 0 || errno == ENOENT;
}

}  // namespace

std::vector<Hierarchy> Hierarchies(const std::vector<sys::MountEntry>& mounts) {
  std::vector<Hierarchy> hierarchies;
  std::set<std::string> seen;
  for (const sys::MountEntry& mount : mounts) {
    const bool version2 = mount.type == "cgroup2";
    if (!version2 && mount.type != "cgroup") continue;
    // The same hierarchy may be mounted at several places.
    std::vector<std::string> options = mount.options;
    std::sort(options.begin(), options.end());
    if (!seen.insert(mount.type + base::Join(options, ",")).second) continue;
    hierarchies.push_back({mount.point, version2,
                           std::find(options.begin(), options.end(), "cpuset") != options.end()});
  }
  return hierarchies;
}

base::Result<> MakeCgroups(const std::vector<Hierarchy>& hierarchies, const std::string& name) {
  for (const Hierarchy& hierarchy : hierarchies) {
    const fs::path group = hierarchy.root / name;
    TRY(sys::MakeDirs(group));
    if (hierarchy.cpuset) TRY(CopyCpuset(hierarchy.root, group));
    if (hierarchy.version2) {
      TRY(PassControllers(hierarchy.root));
      TRY(PassControllers(group));
    }
  }
  return base::Ok();
}

base::Result<> RemoveCgroups(const std::vector<Hierarchy>& hierarchies, const std::string& name,
                             const base::Until& until) {
  for (const Hierarchy& hierarchy : hierarchies) {
    const fs::path group = hierarchy.root / name;
    while (!RemoveTree(group)) {
      // Busy: the last processes are on their way out, and version 1 tells nobody when they are.
      if (errno != EBUSY && errno != ENOTEMPTY)
        return sys::SystemError(errno, fmt::format("removing cgroup {}", group.string()));
      if (!until.Pause(std::chrono::milliseconds(5)))
        return base::Fail(base::Code::kTimeout, "cgroup {} still has processes", group.string());
    }
  }
  return base::Ok();
}

}  // namespace cluster::native
