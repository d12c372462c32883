#include "cluster/native/node_view.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "net/certificates.h"
#include "sys/error.h"
#include "sys/files.h"
#include "sys/mounts.h"

namespace cluster::native {

namespace fs = std::filesystem;

namespace {

constexpr char kOwn[] = "/run/seatrial";

struct Kept {
  fs::path path;
  sys::Fd fd;
};

base::Result<std::vector<Kept>> OpenKept(const std::vector<fs::path>& paths) {
  std::vector<Kept> kept;
  for (const fs::path& path : paths) {
    sys::Fd fd(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) return sys::SystemError(errno, path.string());
    kept.push_back({path, std::move(fd)});
  }
  return kept;
}

bool SameFile(int fd, const fs::path& path) {
  struct stat one {};
  struct stat other {};
  return fstat(fd, &one) == 0 && stat(path.c_str(), &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

// What is now hidden by a mount above it is bound to its old place.
base::Result<> BringBack(const std::vector<Kept>& kept) {
  for (const Kept& entry : kept) {
    if (SameFile(entry.fd.get(), entry.path)) continue;
    TRY(sys::MakeDirs(entry.path));
    TRY(sys::Mount(fmt::format("/proc/self/fd/{}", entry.fd.get()), entry.path, "",
                   MS_BIND | MS_REC));
  }
  return base::Ok();
}

// The folder as it is, with changes going to memory.
base::Result<> Overlay(const std::string& folder) {
  std::string name = folder.substr(1);
  for (char& letter : name)
    if (letter == '/') letter = '-';
  const fs::path own = fs::path(kOwn) / name;
  TRY(sys::MakeDirs(own / "upper"));
  TRY(sys::MakeDirs(own / "work"));
  return sys::Mount("overlay", folder, "overlay", 0,
                    fmt::format("lowerdir={},upperdir={},workdir={}", folder,
                                (own / "upper").string(), (own / "work").string()));
}

base::Result<> BindFolders(const Layout& layout) {
  const std::pair<const char*, const char*> folders[] = {
      {"kubelet", "/var/lib/kubelet"}, {"containerd", "/var/lib/containerd"},
      {"cni", "/var/lib/cni"},         {"cni-config", "/etc/cni"},
      {"pod-logs", "/var/log/pods"},   {"container-logs", "/var/log/containers"},
  };
  for (const auto& [data, target] : folders) {
    const fs::path source = layout.Data(data);
    TRY(sys::MakeDirs(source));
    TRY(sys::MakeDirs(target));
    TRY(sys::Mount(source, target, "", MS_BIND));
  }
  return base::Ok();
}

// Over whatever the machine has there, be it a link to elsewhere.
base::Result<> Replace(const std::string& path, const std::string& content) {
  unlink(path.c_str());
  return WriteNew(path, content, 0644);
}

base::Result<> WriteIdentity(const NodeView& view) {
  TRY(Replace("/etc/hostname", view.host_name + "\n"));
  TRY(Replace("/etc/hosts", "127.0.0.1 localhost " + view.host_name + "\n"));
  TRY(Replace("/etc/machine-id", net::RandomHex(16) + "\n"));
  return Replace("/etc/resolv.conf", TRY(sys::ReadFile(view.layout.ResolvConf())));
}

base::Result<> MountProc(const std::map<std::string, std::string>& sysctls) {
  TRY(sys::Mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC));
  for (const auto& [file, content] : sysctls) {
    const fs::path target = fs::path("/proc/sys") / file;
    if (!fs::exists(target)) continue;  // not on this kernel: then the kubelet finds none either
    const fs::path own = fs::path(kOwn) / "sysctl" / file;
    TRY(WriteNew(own, content + "\n", 0644));
    TRY(sys::Mount(own, target, "", MS_BIND));
  }
  return base::Ok();
}

base::Result<> SetSysctls(const std::map<std::string, std::string>& sysctls) {
  for (const auto& [file, content] : sysctls) {
    const fs::path target = fs::path("/proc/sys") / file;
    sys::Fd fd(open(target.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd.valid() && errno == ENOENT) continue;  // a kernel without bridge-netfilter
    if (!fd.valid() || write(fd.get(), content.data(), content.size()) < 0)
      return sys::SystemError(errno, target.string());
  }
  return base::Ok();
}

// A sysfs shows the links of the network namespace that mounted it. The cgroup hierarchies that are
// mounted on the old one move over.
base::Result<> MountSys() {
  const std::string cgroups = "/sys/fs/cgroup";
  const std::string aside = std::string(kOwn) + "/cgroup";
  TRY(sys::MakeDirs(aside));
  TRY(sys::Mount(cgroups, aside, "", MS_BIND | MS_REC));
  TRY(sys::Mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC));
  return sys::Mount(aside, cgroups, "", MS_MOVE);
}

}  // namespace

base::Result<> EnterNodeView(const NodeView& view) {
  if (sethostname(view.host_name.data(), view.host_name.size()) != 0)
    return sys::SystemError(errno, "setting the host name");
  const std::vector<Kept> kept = TRY(OpenKept(view.keep));
  TRY(sys::Mount("", "/", "", MS_REC | MS_PRIVATE));

  TRY(sys::Mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"));
  for (const char* folder : {"/etc", "/var/lib", "/var/log"}) TRY(Overlay(folder));
  const fs::path temporary = view.layout.Data("tmp");
  TRY(sys::MakeDirs(temporary));
  if (chmod(temporary.c_str(), 01777) != 0) return sys::SystemError(errno, temporary.string());
  TRY(sys::Mount(temporary, "/tmp", "", MS_BIND));
  TRY(BringBack(kept));

  TRY(BindFolders(view.layout));
  TRY(WriteIdentity(view));
  TRY(MountProc(view.global_sysctls));
  TRY(SetSysctls(view.network_sysctls));
  TRY(MountSys());
  return sys::Mount("", "/", "", MS_REC | MS_SHARED);
}

}  // namespace cluster::native
