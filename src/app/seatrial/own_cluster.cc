#include "app/seatrial/own_cluster.h"

#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>

#include "base/text.h"
#include "net/certificates.h"

namespace app {
namespace {

using base::Code;
using base::Fail;
using base::Result;

constexpr auto kUpLimit = std::chrono::seconds(120);
constexpr auto kKindLimit = std::chrono::minutes(10);
constexpr auto kDownLimit = std::chrono::seconds(30);

// A flag that knows --flag, --flag=true, --flag=false and not given.
void AddSwitch(CLI::App& command, const std::string& name, std::optional<bool>& value,
               const std::string& help) {
  command.add_flag_function(
      name, [&value](int64_t count) { value = count > 0; }, help);
}

// The logs of etcd and kube-apiserver on stdout, from their beginning and as they grow.
Result<sys::Process> Attach(const cluster::Cluster& cluster) {
  sys::Command command;
  command.argv = {"tail", "-q", "-n", "+1", "-F"};
  for (const cluster::StartRow& row : cluster.start_table)
    command.argv.push_back((cluster.logs / (row.component + ".log")).string());
  command.output_fd = STDOUT_FILENO;
  return sys::Process::Start(std::move(command));
}

}  // namespace

void AddStartFlags(CLI::App& command, StartFlags& flags) {
  AddSwitch(command, "--start-control-plane", flags.control_plane,
            "start etcd and kube-apiserver for the tests");
  AddSwitch(command, "--attach-control-plane-output", flags.attach_output,
            "show their output too; with --start-control-plane");
  AddSwitch(command, "--start-kind", flags.kind, "start a kind cluster for the tests");
  command.add_option("--kind-config", flags.kind_config,
                     "kind's configuration file; means --start-kind");
  command.add_option("--kind-context", flags.kind_context, "name of the kind cluster (kind)");
  AddSwitch(command, "--skip-cluster-delete", flags.keep,
            "leave the cluster that was started for the tests");
  command.add_option("--control-plane-config", flags.control_plane_config,
                     "has no effect, as in kuttl since 0.16");
}

Result<> ApplyStartFlags(const StartFlags& flags, const std::optional<bool>& skip_delete,
                         trial::SuiteConfig& config, trial::Problems& problems) {
  trial::ClusterWish& wish = config.cluster;
  wish.control_plane = flags.control_plane.value_or(wish.control_plane);
  wish.attach_output = flags.attach_output.value_or(wish.attach_output);
  wish.kind = flags.kind.value_or(wish.kind);
  wish.keep = flags.keep.value_or(wish.keep);
  if (!flags.kind_config.empty()) {
    wish.kind = true;
    wish.kind_config = flags.kind_config;
  }
  if (!flags.kind_context.empty()) wish.kind_name = flags.kind_context;
  if (!flags.control_plane_config.empty())
    problems.Warn({"--control-plane-config", {}}, "has no effect, as in kuttl since 0.16");
  if (wish.control_plane && wish.kind)
    return Fail(Code::kInvalid, "only one of --start-control-plane and --start-kind can be set");
  if (wish.attach_output && !wish.control_plane)
    return Fail(Code::kInvalid,
                "only use --attach-control-plane-output with --start-control-plane");
  if (wish.control_plane) config.skip_delete = skip_delete.value_or(true);
  return base::Ok();
}

Result<> LoadKindContainers(const trial::SuiteConfig& config, cluster::Provider& provider,
                            const cluster::Cluster& cluster, const base::Until& until) {
  const trial::ClusterWish& wish = config.cluster;
  if (!wish.kind || wish.images.empty()) return base::Ok();
  if (!cluster.kind) {
    fmt::print(stderr,
               "warning: {}: kindContainers are images of the container engine of a cluster of "
               "kind, and cluster {} is native: `--image` loads archives into it\n",
               config.file, cluster.name);
    return base::Ok();
  }
  fmt::print("loading {} (kindContainers)\n", base::Join(wish.images, ", "));
  std::fflush(stdout);
  return provider.LoadFromEngine(cluster, wish.images, until)
      .During(config.file + ": kindContainers");
}

Result<OwnCluster> OwnCluster::Start(const trial::SuiteConfig& config, const ClusterFlags& flags,
                                     Context& context) {
  const trial::ClusterWish& wish = config.cluster;
  const base::Until until =
      base::Until::After(context.clock, wish.kind ? kKindLimit : kUpLimit, context.signals.stop());
  cluster::ClusterSpec spec;
  spec.name = wish.kind ? wish.kind_name : "suite-" + net::RandomHex(3);
  spec.backend = wish.kind ? cluster::Backend::kKind : cluster::Backend::kNative;
  spec.level = wish.kind ? cluster::Level::kFull : cluster::Level::kApi;
  spec.kind_config = wish.kind_config;
  spec.kubernetes_bin = FindKubernetes(flags.kubernetes_bin, until);
  spec.tied = !wish.keep;
  fmt::print("starting a {} (cluster {})\n", wish.kind ? "kind cluster" : "control plane",
             spec.name);
  std::fflush(stdout);
  OwnCluster own(MakeProvider(context, flags.state_dir), context);
  const cluster::Cluster found = TRY(own.provider_->Up(spec, {}, until));
  own.name_ = found.name;
  TRY(LoadKindContainers(config, *own.provider_, found, until));
  ClusterFlags named = flags;
  named.context.clear();
  own.target_ = TRY(OwnTarget(found, named));
  if (wish.attach_output) own.attached_ = TRY(Attach(found));
  if (wish.keep) {
    fmt::print("cluster {0} is kept: KUBECONFIG={1}; `seatrial down --name {0}` removes it\n",
               found.name, found.kubeconfig.string());
    own.name_.clear();
  }
  return own;
}

OwnCluster::~OwnCluster() {
  if (!provider_ || name_.empty()) return;
  // Not the signals' token: after Ctrl-C the cluster has to go all the more.
  const auto down = provider_->Down(name_, base::Until::After(context_->clock, kDownLimit));
  if (!down.ok() && !down.Is(Code::kNotFound))
    fmt::print(stderr, "seatrial: {}\n", down.error().message());
  // Only now, so that the components' last words are shown too.
  attached_.reset();
}

}  // namespace app
