#pragma once

// A cluster that a suite asks for itself (kuttl's startControlPlane and startKIND), started for the
// run and removed after it.

#include <memory>
#include <optional>
#include <string>

#include "app/seatrial/target.h"
#include "sys/process.h"
#include "trial/fields.h"
#include "trial/suite.h"

namespace app {

// kuttl's flags; what is not given leaves what the TestSuite says.
struct StartFlags {
  std::optional<bool> control_plane, kind, attach_output, keep;
  std::string kind_config, kind_context, control_plane_config;
};
// `flags` must outlive the parsing.
void AddStartFlags(CLI::App& command, StartFlags& flags);

// Puts the flags over what the suite's file says, with kuttl's rules: --kind-config means
// --start-kind; an API server alone empties no namespace, so nothing is deleted on it unless
// `skip_delete` (the flag) says so. kInvalid for wishes that exclude each other.
base::Result<> ApplyStartFlags(const StartFlags& flags, const std::optional<bool>& skip_delete,
                               trial::SuiteConfig& config, trial::Problems& problems);

// Does the suite ask for a cluster?
inline bool WantsCluster(const trial::SuiteConfig& config) {
  return config.cluster.control_plane || config.cluster.kind;
}

// Puts the images that a suite with startKIND names (kindContainers) from the container engine onto
// the nodes of a cluster that was made for it; of a native cluster only a warning says that it
// cannot be. kNotFound: the engine lacks one.
base::Result<> LoadKindContainers(const trial::SuiteConfig& config, cluster::Provider& provider,
                                  const cluster::Cluster& cluster, const base::Until& until);

// Ends the cluster when destroyed (unless it is to be kept), and with this process in any case.
class OwnCluster {
 public:
  // A control plane is etcd and kube-apiserver of the native provider (level api; Linux and root),
  // startKIND one of the kind provider, with the images of kindContainers. Errors of Provider::Up
  // and LoadKindContainers.
  static base::Result<OwnCluster> Start(const trial::SuiteConfig& config, const ClusterFlags& flags,
                                        Context& context);
  OwnCluster(OwnCluster&&) noexcept = default;
  OwnCluster& operator=(OwnCluster&&) = delete;
  ~OwnCluster();

  const Target& target() const { return target_; }

 private:
  OwnCluster(std::unique_ptr<cluster::Provider> provider, Context& context)
      : provider_(std::move(provider)), context_(&context) {}

  std::unique_ptr<cluster::Provider> provider_;
  std::string name_;  // to be removed; "": nothing is ours, or it is kept
  Context* context_;
  Target target_;
  std::optional<sys::Process> attached_;  // shows the components' output
};

}  // namespace app
