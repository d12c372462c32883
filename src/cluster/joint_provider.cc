#include <unistd.h>

#include <algorithm>

#include "cluster/kind/engines.h"
#include "cluster/provider.h"

namespace cluster {

namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Fail;
using base::Result;
using base::Until;

class JointProvider final : public Provider {
 public:
  JointProvider(NativeOptions native, KindOptions kind, base::Clock& clock)
      : state_dir_(kind.state_dir),
        environment_(kind.environment),
        native_(MakeNativeProvider(std::move(native), clock)),
        kind_(MakeKindProvider(std::move(kind), clock)) {}

  Result<Cluster> Up(const ClusterSpec& spec, const Progress& progress,
                     const Until& until) override {
    const Backend backend = spec.backend == Backend::kAuto ? Choose(progress, until) : spec.backend;
    if (backend == Backend::kNative && (!spec.kind_config.empty() || !spec.node_image.empty()))
      return Fail(Code::kInvalid,
                  "a configuration of kind and a node image are for `--provider kind`; this is "
                  "provider native");
    TRY(CheckClusterName(spec.name));
    const bool native = backend == Backend::kNative;
    if (HasFolder(spec.name, !native))
      return Fail(Code::kExists,
                  "there is a cluster {0} of {1} already: `seatrial down --name {0}` ends it, "
                  "`--name` gives the new one another name",
                  spec.name, native ? "kind" : "native");
    return (native ? native_ : kind_)->Up(spec, progress, until);
  }

  Result<> Down(const std::string& name, const Until& until) override {
    return (HasFolder(name, false) ? kind_ : native_)->Down(name, until);
  }

  Result<Cluster> Find(const std::string& name) override {
    return (HasFolder(name, false) ? kind_ : native_)->Find(name);
  }

  Result<std::vector<ClusterStatus>> List() override {
    auto list = TRY(native_->List());
    for (ClusterStatus& status : TRY(kind_->List())) list.push_back(std::move(status));
    std::stable_sort(list.begin(), list.end(), [](const auto& one, const auto& other) {
      return one.cluster.name < other.cluster.name;
    });
    return list;
  }

  Result<std::vector<std::string>> Sweep(const Until& until) override {
    auto swept = TRY(native_->Sweep(until));
    for (std::string& name : TRY(kind_->Sweep(until))) swept.push_back(std::move(name));
    return swept;
  }

  Result<> Load(const Cluster& cluster, const std::vector<fs::path>& archives, const Loaded& done,
                const Until& until) override {
    return Of(cluster).Load(cluster, archives, done, until);
  }

  Result<> LoadFromEngine(const Cluster& cluster, const std::vector<std::string>& names,
                          const Until& until) override {
    return Of(cluster).LoadFromEngine(cluster, names, until);
  }

  Result<> ExportLogs(const Cluster& cluster, const fs::path& folder, const Until& until) override {
    return Of(cluster).ExportLogs(cluster, folder, until);
  }

  Result<sys::Command> Wrap(const Cluster& cluster, Inside inside, sys::Command command) override {
    return Of(cluster).Wrap(cluster, inside, std::move(command));
  }

  Result<ClusterStatus::Component> Inject(const Cluster& cluster, const std::string& name,
                                          Fault fault, const Until& until) override {
    return Of(cluster).Inject(cluster, name, fault, until);
  }

 private:
  Provider& Of(const Cluster& cluster) { return cluster.kind ? *kind_ : *native_; }

  bool HasFolder(const std::string& name, bool native) const {
    if (!CheckClusterName(name).ok()) return false;
    return fs::exists((native ? state_dir_ : state_dir_ / ".kind") / name);
  }

  // What `auto` stands for on this machine now.
  Backend Choose(const Progress& progress, const Until& until) const {
    const auto engine = kind::FindEngine(environment_, state_dir_, until);
    if (engine.ok()) {
      progress.note("provider kind: " + engine->Describe() + " answers");
      return Backend::kKind;
    }
    if (geteuid() != 0) {
      progress.note("provider kind: native needs root");
      return Backend::kKind;  // whose own error tells that no engine answers
    }
    progress.note("provider native: this is root, and no container engine answers");
    return Backend::kNative;
  }

  const fs::path state_dir_;
  const std::map<std::string, std::string> environment_;
  const std::unique_ptr<Provider> native_;
  const std::unique_ptr<Provider> kind_;
};

}  // namespace

std::unique_ptr<Provider> MakeJointProvider(NativeOptions native, KindOptions kind,
                                            base::Clock& clock) {
  return std::make_unique<JointProvider>(std::move(native), std::move(kind), clock);
}

}  // namespace cluster
