#pragma once

// The state folder of native clusters:
//
//   STATE/NAME.lock   held (flock) by the init of NAME for as long as it lives, by whoever sweeps
//   STATE/NAME/       everything of one cluster, mode 0700; cluster.json describes it
//
// A cluster runs if and only if somebody holds its lock: the kernel drops locks with their owner,
// so no crash leaves a wrong answer.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cluster/provider.h"
#include "sys/fd.h"

namespace cluster::native {

// Where things are in the folder of one cluster. All names are made here.
struct Layout {
  std::filesystem::path folder;

  std::filesystem::path Pki(const std::string& file) const { return folder / "pki" / file; }
  std::filesystem::path Config(const std::string& file) const { return folder / "config" / file; }
  std::filesystem::path Log(const std::string& component) const {
    return folder / "logs" / (component + ".log");
  }
  std::filesystem::path Data(const std::string& name) const { return folder / "data" / name; }
  std::filesystem::path Record() const { return folder / "cluster.json"; }
  std::filesystem::path Components() const { return folder / "components.json"; }
  std::filesystem::path Kubeconfig() const { return folder / "kubeconfig"; }
  std::filesystem::path InsideKubeconfig() const { return folder / "inside.kubeconfig"; }
  std::filesystem::path ResolvConf() const { return folder / "config" / "resolv.conf"; }
  std::filesystem::path ContainerdSocket() const { return folder / "containerd.sock"; }
};

class StateDir {
 public:
  explicit StateDir(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  Layout Of(const std::string& name) const { return {path_ / name}; }
  // Name of the cluster's cgroup in every hierarchy: also tells apart clusters of the same name in
  // two state folders.
  std::string Cgroup(const std::string& name) const;

  // Takes the lock of `name` without waiting; makes the state folder if need be. kExists: somebody
  // holds it.
  base::Result<sys::Fd> Lock(const std::string& name) const;
  // True when somebody holds the lock of `name`.
  bool Locked(const std::string& name) const;
  // Removes the lock file (which `lock` must hold) and the state folder itself when it is empty.
  void Forget(const std::string& name, sys::Fd lock) const;

  // Names of all clusters that have a folder or a lock here.
  std::vector<std::string> Names() const;

 private:
  std::filesystem::path LockPath(const std::string& name) const { return path_ / (name + ".lock"); }

  std::filesystem::path path_;
};

// cluster.json and back. Reading gives kNotFound when there is none, kInvalid when it is damaged.
base::Result<> WriteRecord(const Layout& layout, const Cluster& cluster);
base::Result<Cluster> ReadRecord(const Layout& layout);

// The text of the file, and back.
std::string RecordText(const Cluster& cluster);
base::Result<Cluster> ParseRecord(std::string_view text, const Layout& layout);

// Writes a file that nobody reads yet, in folders that are made if need be: without the flush that
// sys::WriteFileAtomically pays for, thirty times in a start.
base::Result<> WriteNew(const std::filesystem::path& path, std::string_view content,
                        mode_t mode = 0600);

// The last lines of a log, for error messages: " (PATH ends with: ...)" or "".
std::string LogTail(const std::filesystem::path& path);

}  // namespace cluster::native
