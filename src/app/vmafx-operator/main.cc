// vmafx-operator: makes VmafxJobs happen.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>

#include "app/platform_flags.h"
#include "app/vmafx-operator/object_flags.h"
#include "kube/client.h"
#include "kube/kubeconfig.h"
#include "sys/signals.h"
#include "vmafx/operator/controller_client.h"
#include "vmafx/operator/operator.h"

namespace {

using base::Result;
using vmafx::operators::OperatorOptions;

constexpr char kVersion[] = "0.1.0";

constexpr char kNotes[] =
    R"(In a Pod the service account says how to reach Kubernetes; elsewhere --kubeconfig does. Every step is safe to
repeat, so the operator may be stopped or killed at any time.

Exit codes: 0 stopped by a signal, 2 bad usage, 3 could not start or go on.)";

struct Flags {
  OperatorOptions options;
  vmafx::api::ChannelOptions controller{.address = "vmafx-controller:9090"};
  std::string kubeconfig;
  std::string context;
  std::string ns = "vmafx-system";
  std::string lease = "vmafx-operator.vmafx.dev";
  base::Level level = base::Level::kInfo;
};

void AddServingFlags(CLI::App& cli, Flags& flags) {
  cli.add_option("--metrics-addr", flags.options.metrics_address, "where /metrics listens")
      ->envname("VMAFX_OPERATOR_METRICS_ADDR")
      ->capture_default_str();
  cli.add_option("--health-probe-addr", flags.options.health_address,
                 "where /healthz and /readyz listen")
      ->envname("VMAFX_OPERATOR_HEALTH_PROBE_ADDR")
      ->capture_default_str();
  cli.add_option("--leader-election", flags.options.leader_election,
                 "true: of several replicas one works at a time")
      ->envname("VMAFX_OPERATOR_LEADER_ELECTION");
  cli.add_option("--leader-election-id", flags.lease, "name of the Lease object")
      ->envname("VMAFX_OPERATOR_LEADER_ELECTION_ID")
      ->capture_default_str();
  cli.add_option("--namespace", flags.ns, "where the Lease object lives")
      ->envname("POD_NAMESPACE")
      ->capture_default_str();
  cli.add_option("--kubeconfig", flags.kubeconfig, "a kubeconfig file, outside of a Pod");
  cli.add_option("--context", flags.context, "of that file, instead of its current one")
      ->needs("--kubeconfig");
  app::AddLogLevel(cli, flags.level);
}

void AddWorkerFlags(CLI::App& cli, Flags& flags) {
  vmafx::operators::WorkerSettings& worker = flags.options.worker;
  cli.add_option("--worker-controller-addr", worker.controller_address,
                 "the same for worker Pods, where it differs")
      ->envname("VMAFX_WORKER_CONTROLLER_ADDR");
  cli.add_option("--worker-image", worker.image, "image of worker Pods: vmafx-node")
      ->envname("VMAFX_WORKER_IMAGE")
      ->required();
  cli.add_option("--worker-image-pull-policy", worker.pull_policy, "of that image")
      ->envname("VMAFX_WORKER_IMAGE_PULL_POLICY")
      ->check(CLI::IsMember({"Always", "IfNotPresent", "Never"}))
      ->capture_default_str();
  cli.add_option("--worker-max-concurrent", worker.max_concurrent,
                 "worker Pods at once in namespaces without VmafxNodes")
      ->envname("VMAFX_WORKER_MAX_CONCURRENT")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  AddJsonOption(cli, "--worker-resources", worker.resources,
                R"(resources of worker Pods as JSON: {"limits": {"cpu": "2"}})")
      ->envname("VMAFX_WORKER_RESOURCES");
  cli.add_option("--instance", worker.instance,
                 "label app.kubernetes.io/instance of workers and trainers")
      ->envname("VMAFX_INSTANCE");
}

void AddControllerFlags(CLI::App& cli, Flags& flags) {
  vmafx::api::ChannelOptions& controller = flags.controller;
  cli.add_option("--controller-grpc-addr", controller.address, "HOST:PORT of the controller")
      ->envname("VMAFX_CONTROLLER_GRPC_ADDR")
      ->capture_default_str();
  cli.add_option("--controller-token-file", controller.token_file,
                 "file with the token to show to the controller; read again when it changes")
      ->envname("VMAFX_CONTROLLER_TOKEN_FILE");
  cli.add_option("--controller-tls", controller.tls, "true: speak TLS with the controller")
      ->envname("VMAFX_CONTROLLER_TLS");
  cli.add_option("--controller-ca-file", controller.ca_file,
                 "PEM file of the authority behind its certificate; the workers get it too")
      ->envname("VMAFX_CONTROLLER_CA_FILE");
  cli.add_option("--controller-server-name", controller.server_name,
                 "name in its certificate, where it is not the address's host")
      ->envname("VMAFX_CONTROLLER_SERVER_NAME");
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<kube::ClusterAccess> FindCluster(const Flags& flags) {
  if (!flags.kubeconfig.empty()) return kube::LoadKubeconfig(flags.kubeconfig, flags.context);
  const std::string host = Environment("KUBERNETES_SERVICE_HOST");
  if (host.empty()) {
    return base::Fail(base::Code::kInvalid,
                      "not in a Pod (no KUBERNETES_SERVICE_HOST): give --kubeconfig");
  }
  return kube::InClusterAccess(host, Environment("KUBERNETES_SERVICE_PORT"));
}

// "vmafx-operator-7d9c_5f0c1e2ab3d4": the Pod, and this run of it.
std::string Identity() {
  char host[256] = "unknown";
  gethostname(host, sizeof(host) - 1);
  std::random_device random;
  return fmt::format("{}_{:08x}{:08x}", host, random(), random());
}

int Complain(const base::Error& error, int exit_code) {
  fmt::print(stderr, "vmafx-operator: {}\n", error.message());
  return exit_code;
}

int Run(Flags flags, base::Clock& clock, sys::Signals& signals) {
  const base::Log log = base::Log::ToStderr(flags.level);
  auto access = FindCluster(flags);
  if (!access.ok()) return Complain(access.error(), app::kUsage);
  flags.options.lease = {flags.ns, flags.lease};
  flags.options.identity = Identity();
  if (flags.options.worker.controller_address.empty()) {
    flags.options.worker.controller_address = flags.controller.address;
  }
  flags.options.trainings.trainer.instance = flags.options.worker.instance;
  log.Info("starting", {{"version", kVersion},
                        {"kubernetes", access->server},
                        {"controller", flags.controller.address},
                        {"worker", flags.options.worker.image}});
  auto client =
      kube::MakeClient(*std::move(access), log, std::string("vmafx-operator/") + kVersion);
  auto controller = vmafx::operators::MakeGrpcControllerClient(flags.controller);
  if (!controller.ok()) return Complain(controller.error(), app::kUsage);
  vmafx::operators::Operator program(flags.options, *client, **controller, clock, log);
  auto outcome = program.Run(base::Until(clock, base::Instant::max(), signals.stop()));
  if (!outcome.ok()) return Complain(outcome.error(), app::kErrored);
  log.Info("stopped", {{"signal", signals.received()}});
  return app::kStopped;
}

}  // namespace

int main(int argc, char** argv) {
  sys::Signals signals;  // before any thread
  base::SystemClock clock;
  Flags flags;

  CLI::App cli("Makes VmafxJobs happen: submits them, runs their workers, keeps their status.",
               "vmafx-operator");
  cli.set_version_flag("--version", std::string("vmafx-operator ") + kVersion);
  cli.footer(kNotes);
  AddServingFlags(cli, flags);
  AddControllerFlags(cli, flags);
  AddWorkerFlags(cli, flags);
  AddObjectFlags(cli, flags.options);
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return cli.exit(problem) == 0 ? app::kStopped : app::kUsage;
  }
  return Run(std::move(flags), clock, signals);
}
