// vmafx-controller: stores scoring jobs, leases them to workers, tells everyone who watches.

#include <cstdio>

#include "app/platform_flags.h"
#include "sys/signals.h"
#include "vmafx/controller/controller.h"

namespace {

constexpr char kVersion[] = "0.1.0";

constexpr char kNotes[] =
    R"(The database is one SQLite file; what was answered is on disk. SIGTERM ends the streams, finishes the calls
under way and exits 0; a second one exits at once.

Exit codes: 0 stopped by a signal, 2 bad usage, 3 could not start.)";

struct Flags {
  vmafx::controller::Options controller;
  base::Duration grace = std::chrono::seconds(10);
  base::Level level = base::Level::kInfo;
};

void AddFlags(CLI::App& cli, Flags& flags) {
  vmafx::controller::DispatcherOptions& dispatcher = flags.controller.dispatcher;
  cli.add_option("--grpc-listen", flags.controller.grpc_listen, "where gRPC listens")
      ->envname("VMAFX_GRPC_LISTEN")
      ->capture_default_str();
  cli.add_option("--http-addr", flags.controller.http_listen,
                 "where /healthz, /livez, /readyz and /metrics listen")
      ->envname("VMAFX_HTTP_ADDR")
      ->capture_default_str();
  cli.add_option("--db-path", dispatcher.database, "the database file")
      ->envname("VMAFX_DB_PATH")
      ->capture_default_str();
  app::AddDuration(cli, "--lease-ttl", "VMAFX_STORE_LEASE_TTL", dispatcher.lease_ttl,
                   "a job without heartbeat for so long is taken from its worker");
  app::AddDuration(cli, "--session-ttl", "VMAFX_STORE_SESSION_TTL", dispatcher.session_ttl,
                   "a worker without heartbeat for so long is forgotten");
  app::AddDuration(cli, "--sweep-interval", "VMAFX_STORE_SWEEP_INTERVAL", dispatcher.sweep_interval,
                   "how often lost workers are looked for");
  app::AddDuration(cli, "--backoff-base", "VMAFX_STORE_BACKOFF_BASE", dispatcher.store.backoff_base,
                   "before a lost job is given to a pool worker again, doubled with each loss");
  app::AddDuration(cli, "--backoff-max", "VMAFX_STORE_BACKOFF_MAX", dispatcher.store.backoff_max,
                   "at most");
  app::AddDuration(cli, "--shutdown-grace", "VMAFX_SHUTDOWN_GRACE", flags.grace,
                   "for calls under way at SIGTERM");
  app::AddLogLevel(cli, flags.level);
}

int Run(const Flags& flags, base::Clock& clock, sys::Signals& signals) {
  const base::Log log = base::Log::ToStderr(flags.level);
  auto controller = vmafx::controller::Controller::Start(flags.controller, clock, log);
  if (!controller.ok()) {
    fmt::print(stderr, "vmafx-controller: {}\n", controller.error().message());
    return app::kErrored;
  }
  log.Warn(
      "authentication and TLS are off: whoever reaches the gRPC port may submit and pull jobs");
  log.Info("started",
           {{"version", kVersion}, {"database", flags.controller.dispatcher.database.string()}});

  const base::Until stopped(clock, base::Instant::max(), signals.stop());
  while (!stopped.Stopped()) stopped.Pause(std::chrono::hours(24));
  log.Info("stopping", {{"signal", signals.received()}});
  (*controller)->Stop(flags.grace);
  log.Info("stopped");
  return app::kStopped;
}

}  // namespace

int main(int argc, char** argv) {
  sys::Signals signals;  // before any thread
  base::SystemClock clock;
  Flags flags;
  flags.controller.dispatcher.version = kVersion;

  CLI::App cli("Stores scoring jobs, leases them to workers and tells everyone who watches.",
               "vmafx-controller");
  cli.set_version_flag("--version", std::string("vmafx-controller ") + kVersion);
  cli.footer(kNotes);
  AddFlags(cli, flags);
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return cli.exit(problem) == 0 ? app::kStopped : app::kUsage;
  }
  return Run(flags, clock, signals);
}
