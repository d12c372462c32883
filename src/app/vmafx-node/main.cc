// vmafx-node: the worker. In run-once mode it does one job and exits.

#include <unistd.h>

#include <cstdio>

#include <climits>

#include "app/platform_flags.h"
#include "sys/signals.h"
#include "vmafx/node/cpu_limit.h"
#include "vmafx/node/run_once.h"

namespace {

constexpr char kVersion[] = "0.1.0";
constexpr int kInterrupted = 143;  // as a shell says of SIGTERM

constexpr char kNotes[] =
    R"(Registers with the controller, pulls its job, scores it here and reports the score or why there is none. SIGTERM
gives the job back.

Exit codes: 0 the result was accepted (also that of a job that failed) or the job was finished already, 2 bad usage,
3 the result could not be reported, 143 stopped before there was a result.)";

struct Flags {
  vmafx::node::RunOnceOptions run;
  std::string controller = "127.0.0.1:9090";
  std::vector<std::string> roots;
  std::string cpu_limit;
  base::Duration call_timeout = std::chrono::seconds(10);
  base::Level level = base::Level::kInfo;
};

std::string HostName() {
  char name[HOST_NAME_MAX + 1] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "vmafx-node";
}

void AddFlags(CLI::App& cli, Flags& flags) {
  vmafx::node::RunOnceOptions& run = flags.run;
  cli.add_option("--run-once", run.job_id, "the id of the one job to do")
      ->envname("VMAFX_JOB_ID")
      ->type_name("JOB_ID")
      ->required();
  cli.add_option("--controller", flags.controller, "the controller's gRPC address")
      ->envname("VMAFX_CONTROLLER_ADDR")
      ->capture_default_str();
  cli.add_option("--name", run.session.identity.name, "of this worker (default: the host's name)")
      ->envname("VMAFX_NODE_ID");
  cli.add_option("--scoring-roots", flags.roots,
                 "folders below which inputs may be read, separated by : (none: no input is read)")
      ->envname("VMAFX_SCORING_ROOTS")
      ->delimiter(':');
  cli.add_option("--cpu-limit", flags.cpu_limit,
                 "processors to use: 2, 0.5, 1500m (default: the cgroup's limit, without one 1)")
      ->envname("VMAFX_CPU_LIMIT");
  cli.add_option("--backend", run.session.identity.backend, "that scores here")
      ->envname("VMAFX_BACKEND")
      ->check(CLI::IsMember({"cpu"}))
      ->capture_default_str();
  app::AddDuration(cli, "--heartbeat-interval", "VMAFX_HEARTBEAT_INTERVAL",
                   run.session.heartbeat_interval, "between heartbeats");
  app::AddDuration(cli, "--poll-interval", "VMAFX_POLL_INTERVAL", run.poll_interval,
                   "between pulls while another worker has the job");
  app::AddDuration(cli, "--rpc-timeout", "VMAFX_RPC_TIMEOUT", flags.call_timeout,
                   "of one call to the controller");
  app::AddDuration(cli, "--connect-timeout", "VMAFX_CONNECT_TIMEOUT", run.connect_patience,
                   "to reach the controller at all");
  app::AddLogLevel(cli, flags.level);
}

base::Result<> Complete(Flags& flags) {
  vmafx::node::RunOnceOptions& run = flags.run;
  if (run.session.identity.name.empty()) run.session.identity.name = HostName();
  run.work.capacity.backend = run.session.identity.backend;
  run.work.capacity.roots.assign(flags.roots.begin(), flags.roots.end());
  run.work.capacity.threads = flags.cpu_limit.empty()
                                  ? vmafx::node::ThreadsForCgroup("/sys/fs/cgroup")
                                  : TRY(vmafx::node::ThreadsForLimit(flags.cpu_limit));
  return base::Ok();
}

int Run(const Flags& flags, base::Clock& clock, sys::Signals& signals) {
  const base::Log log = base::Log::ToStderr(flags.level);
  log.Info("started", {{"version", kVersion},
                       {"name", flags.run.session.identity.name},
                       {"controller", flags.controller},
                       {"threads", flags.run.work.capacity.threads}});
  const auto client =
      vmafx::node::ControllerClient::Make({.address = flags.controller}, flags.call_timeout);
  if (!client.ok()) return app::kUsage;
  vmafx::node::Feedback feedback({}, clock, log);
  const base::Until until(clock, base::Instant::max(), signals.stop());
  const auto ending = vmafx::node::RunOnce(flags.run, **client, feedback, clock, log, until);
  if (!ending.ok()) {
    log.Error("no result reported", {{"reason", ending.error().message()}});
    return app::kErrored;
  }
  return *ending == vmafx::node::Ending::kInterrupted ? kInterrupted : app::kStopped;
}

}  // namespace

int main(int argc, char** argv) {
  sys::Signals signals;  // before any thread
  base::SystemClock clock;
  Flags flags;

  CLI::App cli("Scores one job of the controller and reports.", "vmafx-node");
  cli.set_version_flag("--version", std::string("vmafx-node ") + kVersion);
  cli.footer(kNotes);
  AddFlags(cli, flags);
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return cli.exit(problem) == 0 ? app::kStopped : app::kUsage;
  }
  if (auto complete = Complete(flags); !complete.ok()) {
    fmt::print(stderr, "vmafx-node: {}\n", complete.error().message());
    return app::kUsage;
  }
  return Run(flags, clock, signals);
}
