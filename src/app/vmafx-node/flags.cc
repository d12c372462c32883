#include "app/vmafx-node/flags.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include <climits>

#include "net/line_stream.h"
#include "vmafx/node/cpu_limit.h"

namespace app {

using base::Code;
using base::Fail;
using base::Result;

namespace {

constexpr char kDefaultHttp[] = ":9090";  // of a pool worker

std::string Env(std::string_view name) {
  return std::string(name);
}

std::string HostName() {
  char name[HOST_NAME_MAX + 1] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "vmafx-node";
}

void AddIdentity(CLI::App& cli, vmafx::node::Identity& identity) {
  cli.add_option("--name", identity.name, "of this worker (default: the host's name)")
      ->envname(Env(vmafx::api::kNodeIdEnv));
  cli.add_option("--namespace", identity.ns, "of this worker's Pod")
      ->envname(Env(vmafx::api::kNamespaceEnv));
  cli.add_option("--vmafx-node", identity.vmafx_node, "the VmafxNode whose slot this worker has")
      ->envname(Env(vmafx::api::kVmafxNodeEnv));
  cli.add_option("--backend", identity.backend, "that scores here")
      ->envname("VMAFX_BACKEND")
      ->check(CLI::IsMember({"cpu"}))
      ->capture_default_str();
  cli.add_option("--slots", identity.slots, "jobs at once, 1 to 64; of a pool worker")
      ->envname("VMAFX_NODE_SLOTS")
      ->check(CLI::Range(1, vmafx::node::kMostSlots))
      ->capture_default_str();
}

void AddTimes(CLI::App& cli, NodeFlags& flags) {
  AddDuration(cli, "--heartbeat-interval", "VMAFX_HEARTBEAT_INTERVAL",
              flags.pool.session.heartbeat_interval, "between heartbeats");
  AddDuration(cli, "--poll-interval", "VMAFX_POLL_INTERVAL", flags.pool.poll_interval,
              "between pulls while there is no job");
  AddDuration(cli, "--connect-timeout", "VMAFX_CONNECT_TIMEOUT", flags.run_once.connect_patience,
              "to reach the controller at all, with --run-once; a pool worker tries on");
  AddDuration(cli, "--stop-deadline", "VMAFX_STOP_DEADLINE", flags.pool.stop_deadline,
              "for the jobs of a pool worker that is asked to stop, before they are given back");
  AddDuration(cli, "--feedback-timeout", "VMAFX_FEEDBACK_TIMEOUT", flags.feedback.patience,
              "for trainers to acknowledge a sample, before the controller is to bring it");
}

Result<> CheckFeedback(vmafx::node::FeedbackOptions& feedback) {
  std::erase(feedback.trainers, std::string());
  for (const std::string& trainer : feedback.trainers) {
    TRY(net::CheckAddress(trainer).During("--feedback-addrs"));
  }
  if (feedback.socket.empty()) return base::Ok();
  return net::CheckAddress("unix:" + feedback.socket).During("--sidecar-socket");
}

Result<> CheckStorage(const std::string& mode) {
  if (mode == "auto") return base::Ok();
  return Fail(Code::kInvalid,
              "--storage-mode (VMAFX_STORAGE_MODE) \"{}\" is not supported: only auto, which reads "
              "remote inputs through rclone and mounts nothing",
              mode);
}

}  // namespace

void AddFlags(CLI::App& cli, NodeFlags& flags) {
  cli.add_option("--run-once", flags.run_once.job_id,
                 "the id of the one job to do (default: take unpinned jobs until stopped)")
      ->envname(Env(vmafx::api::kJobIdEnv))
      ->type_name("JOB_ID");
  AddIdentity(cli, flags.pool.session.identity);
  AddControllerFlags(cli, flags.controller);
  cli.add_option("--scoring-roots", flags.roots,
                 "folders below which inputs may be read, separated by : (none: no file is read)")
      ->envname(Env(vmafx::api::kScoringRootsEnv))
      ->delimiter(':');
  cli.add_option("--storage-mode", flags.storage_mode, "how remote inputs are reached: auto")
      ->envname("VMAFX_STORAGE_MODE");
  AddSourceFlags(cli, flags.sources);
  cli.add_option("--cpu-limit", flags.cpu_limit,
                 "processors to use: 2, 0.5, 1500m (default: the cgroup's limit, without one 1)")
      ->envname(Env(vmafx::api::kCpuLimitEnv));
  cli.add_option("--feedback-addrs", flags.feedback.trainers,
                 "trainers to tell of scored jobs, HOST:PORT separated by commas")
      ->envname(Env(vmafx::api::kFeedbackEnv))
      ->delimiter(',');
  cli.add_option("--sidecar-socket", flags.feedback.socket,
                 "Unix socket of a vmafx-trainer --forward, to tell it instead")
      ->envname("VMAFX_SIDECAR_SOCKET");
  cli.add_option("--http-addr", flags.http_listen,
                 "to serve probes and metrics on, of a pool worker (default :9090; off: none)")
      ->envname("VMAFX_HTTP_ADDR");
  AddTimes(cli, flags);
  AddLogLevel(cli, flags.level);
}

Result<> CompleteFlags(NodeFlags& flags) {
  TRY(CheckControllerFlags(flags.controller, std::getenv("VMAFX_CONTROLLER_TOKEN")));
  TRY(CheckFeedback(flags.feedback));
  TRY(CheckStorage(flags.storage_mode));
  const unsigned threads = flags.cpu_limit.empty()
                               ? vmafx::node::ThreadsForCgroup("/sys/fs/cgroup")
                               : TRY(vmafx::node::ThreadsForLimit(flags.cpu_limit));
  vmafx::node::PoolOptions& pool = flags.pool;
  vmafx::node::Identity& identity = pool.session.identity;
  if (identity.name.empty()) identity.name = HostName();
  identity.pool = !flags.RunsOnce();
  if (flags.RunsOnce()) identity.slots = 1;
  identity.device = fmt::format("cpu: {} thread{}", threads, threads == 1 ? "" : "s");
  pool.work.capacity.backend = identity.backend;
  pool.work.capacity.roots.assign(flags.roots.begin(), flags.roots.end());
  TRY(CompleteSourceFlags(flags.sources, pool.work.capacity));
  pool.work.capacity.threads = std::max(1U, threads / static_cast<unsigned>(identity.slots));
  if (flags.http_listen.empty() && identity.pool) flags.http_listen = kDefaultHttp;
  flags.run_once.session = pool.session;
  flags.run_once.work = pool.work;
  flags.run_once.poll_interval = pool.poll_interval;
  return base::Ok();
}

}  // namespace app
