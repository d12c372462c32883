// vmafx-node: the worker. With a job's id it does that one and exits; without one it is a pool
// worker, which takes unpinned jobs until it is stopped.

#include <cstdio>

#include "app/platform_flags.h"
#include "app/vmafx-node/flags.h"
#include "sys/signals.h"
#include "vmafx/node/probes.h"

namespace {

namespace node = vmafx::node;

constexpr char kVersion[] = "0.1.0";
constexpr int kInterrupted = 143;  // as a shell says of SIGTERM

constexpr char kNotes[] =
    R"(Registers with the controller, pulls jobs, scores them here, tells the trainers, and reports each score or why there
is none.

With --run-once: does that job and exits; SIGTERM gives it back. Without: a pool worker. It does --slots jobs at once
until SIGTERM, gives them --stop-deadline to finish, then hands back what is left. HTTP: /livez, /readyz, /startupz,
/healthz, /metrics.

Examples:
  vmafx-node --controller localhost:9090 --scoring-roots /videos --slots 2
  vmafx-node --run-once 5d2b6c1e-... --scoring-roots /fixtures

Exit codes: 0 the result was accepted (also that of a job that failed), the job was finished already, or a pool worker
was stopped; 2 bad usage; 3 the result could not be reported, or the controller refuses this worker; 143 --run-once
stopped before there was a result.)";

int RunOnce(const app::NodeFlags& flags, node::ControllerClient& client, node::Feedback& feedback,
            base::Clock& clock, const base::Log& log, const base::Until& until) {
  const auto ending = node::RunOnce(flags.run_once, client, feedback, clock, log, until);
  if (!ending.ok()) {
    log.Error("no result reported", {{"reason", ending.error().message()}});
    return app::kErrored;
  }
  return *ending == node::Ending::kInterrupted ? kInterrupted : app::kStopped;
}

int RunPool(const app::NodeFlags& flags, node::ControllerClient& client, node::Feedback& feedback,
            base::Clock& clock, const base::Log& log, const base::Until& until) {
  const node::Identity& identity = flags.pool.session.identity;
  node::Metrics metrics(identity, kVersion);
  node::Pool pool(flags.pool, client, feedback, metrics, clock, log);
  std::unique_ptr<net::HttpServer> http;
  if (flags.http_listen != "none") {
    auto server = net::HttpServer::Start(flags.http_listen,
                                         node::MakeProbes(identity, pool, feedback, metrics));
    if (!server.ok()) {
      log.Error("not started", {{"reason", server.error().message()}});
      return app::kErrored;
    }
    http = *std::move(server);
    log.Info("HTTP listening", {{"address", flags.http_listen}, {"port", http->port()}});
  }
  if (auto run = pool.Run(until); !run.ok()) {
    log.Error("no work", {{"reason", run.error().message()}});
    return app::kErrored;
  }
  return app::kStopped;
}

int Run(const app::NodeFlags& flags, base::Clock& clock, sys::Signals& signals) {
  const base::Log log = base::Log::ToStderr(flags.level);
  const node::Identity& identity = flags.pool.session.identity;
  log.Info("started", {{"version", kVersion},
                       {"name", identity.name},
                       {"controller", flags.controller.channel.address},
                       {"mode", identity.pool ? "pool" : "run once"},
                       {"slots", identity.slots},
                       {"device", identity.device}});
  const auto client =
      node::ControllerClient::Make(flags.controller.channel, flags.controller.call_timeout);
  if (!client.ok()) {
    log.Error("not started", {{"reason", client.error().message()}});
    return app::kUsage;
  }
  node::Feedback feedback(flags.feedback, clock, log);
  const base::Until until(clock, base::Instant::max(), signals.stop());
  const auto mode = identity.pool ? RunPool : RunOnce;
  return mode(flags, **client, feedback, clock, log, until);
}

}  // namespace

int main(int argc, char** argv) {
  sys::Signals signals;  // before any thread
  base::SystemClock clock;
  app::NodeFlags flags;

  CLI::App cli("Scores jobs of the controller and reports.", "vmafx-node");
  cli.set_version_flag("--version", std::string("vmafx-node ") + kVersion);
  cli.footer(kNotes);
  app::AddFlags(cli, flags);
  if (const auto end = app::Parse(cli, argc, argv)) return *end;
  if (auto complete = app::CompleteFlags(flags); !complete.ok()) {
    fmt::print(stderr, "vmafx-node: {}\n", complete.error().message());
    return app::kUsage;
  }
  return Run(flags, clock, signals);
}
