// vmafx-controller: stores scoring jobs, leases them to workers, tells everyone who watches.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "app/platform_flags.h"
#include "kube/kubeconfig.h"
#include "sys/signals.h"
#include "vmafx/controller/controller.h"

namespace {

constexpr char kVersion[] = "0.1.0";

constexpr char kNotes[] =
    R"(The database is one SQLite file; what was answered is on disk. SIGTERM ends the streams, finishes the calls
under way and exits 0; a second one exits at once.

Exit codes: 0 stopped by a signal, 2 bad usage, 3 could not start.)";

using vmafx::controller::AuthOptions;

struct Flags {
  vmafx::controller::Options controller;
  std::string auth;  // none, tokens, kubernetes; empty: tokens with a token file, else none
  bool auth_disabled = false;
  std::filesystem::path kubeconfig;
  base::Duration grace = std::chrono::seconds(10);
  base::Level level = base::Level::kInfo;
};

void AddDurationOrZero(CLI::App& cli, const std::string& flag, const std::string& variable,
                       base::Duration& target, const std::string& help) {
  cli.add_option_function<std::string>(
         flag,
         [&target, flag](const std::string& text) {
           auto parsed = base::ParseDuration(text);
           if (!parsed.ok()) throw CLI::ValidationError(flag, parsed.error().message());
           if (*parsed < base::Duration::zero()) {
             throw CLI::ValidationError(flag, "\"" + text + "\" is below zero");
           }
           target = *parsed;
         },
         help)
      ->envname(variable)
      ->type_name("DURATION");
}

void AddScoreFlags(CLI::App& cli, vmafx::controller::RestOptions& rest) {
  rest.most_scores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  cli.add_option("--max-concurrent-scores", rest.most_scores,
                 "POST /v1/score at the same time; more are answered 429")
      ->envname("VMAFX_MAX_CONCURRENT_SCORES")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app::AddDuration(cli, "--score-timeout", "VMAFX_SCORE_TIMEOUT", rest.score_time,
                   "a POST /v1/score without a score after so long is answered 504 and its job "
                   "cancelled");
}

void AddIdentityFlags(CLI::App& cli, Flags& flags) {
  AuthOptions& auth = flags.controller.auth;
  cli.add_option("--auth", flags.auth,
                 "who callers are: none (not asked), tokens (static ones), kubernetes (service "
                 "account tokens, and static ones); default: tokens with a token file, else none")
      ->envname("VMAFX_AUTH")
      ->check(CLI::IsMember({"none", "tokens", "kubernetes"}));
  cli.add_flag("--auth-disabled", flags.auth_disabled, "as --auth none, whatever else is set")
      ->envname("VMAFX_AUTH_DISABLED");
  cli.add_option("--auth-token-file", auth.token_file,
                 "static tokens: lines TOKEN,NAME,ROLE; role reader, writer, admin or node")
      ->envname("VMAFX_AUTH_TOKEN_FILE");
  cli.add_option("--auth-operators", auth.operators,
                 "service accounts NAMESPACE:NAME, by commas, that are admins")
      ->envname("VMAFX_AUTH_OPERATORS")
      ->delimiter(',');
  cli.add_option("--auth-pool-nodes", auth.pool_nodes,
                 "service accounts NAMESPACE:NAME, by commas, that may pull unpinned jobs")
      ->envname("VMAFX_AUTH_POOL_NODES")
      ->delimiter(',');
  cli.add_option("--kubeconfig", flags.kubeconfig,
                 "the API server to ask about tokens (default: that of this Pod)")
      ->check(CLI::ExistingFile);
  cli.add_option("--tls-cert-file", flags.controller.tls.certificate,
                 "PEM certificate of gRPC and HTTP; without one they speak in the clear")
      ->envname("VMAFX_TLS_CERT_FILE");
  cli.add_option("--tls-key-file", flags.controller.tls.key, "its PEM key")
      ->envname("VMAFX_TLS_KEY_FILE");
}

void AddFlags(CLI::App& cli, Flags& flags) {
  vmafx::controller::DispatcherOptions& dispatcher = flags.controller.dispatcher;
  cli.add_option("--grpc-listen", flags.controller.grpc_listen, "where gRPC listens")
      ->envname("VMAFX_GRPC_LISTEN")
      ->capture_default_str();
  cli.add_option("--http-addr", flags.controller.http_listen,
                 "where POST /v1/score, probes and /metrics listen")
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
  AddDurationOrZero(cli, "--retention", "VMAFX_RETENTION", dispatcher.retention,
                    "finished jobs are removed after so long; 0 keeps them (default 168h)");
  app::AddDuration(cli, "--shutdown-grace", "VMAFX_SHUTDOWN_GRACE", flags.grace,
                   "for calls under way at SIGTERM");
  app::AddLogLevel(cli, flags.level);
  AddScoreFlags(cli, flags.controller.rest);
  AddIdentityFlags(cli, flags);
}

// The API server that is asked about tokens: of the kubeconfig, else of the Pod that this runs in.
base::Result<kube::ClusterAccess> FindKubernetes(const std::filesystem::path& kubeconfig) {
  if (!kubeconfig.empty()) return kube::LoadKubeconfig(kubeconfig);
  const char* host = std::getenv("KUBERNETES_SERVICE_HOST");
  const char* port = std::getenv("KUBERNETES_SERVICE_PORT");
  if (host == nullptr || port == nullptr) {
    return base::Error(base::Code::kInvalid,
                       "VMAFX_AUTH=kubernetes asks Kubernetes about tokens, but this is not a Pod: "
                       "give --kubeconfig, or another VMAFX_AUTH");
  }
  return kube::InClusterAccess(host, port);
}

base::Result<> SettleIdentity(Flags& flags) {
  AuthOptions& auth = flags.controller.auth;
  if (flags.auth_disabled) {
    auth = {};
    return base::Ok();
  }
  if (flags.auth.empty()) flags.auth = auth.token_file.empty() ? "none" : "tokens";
  auth.mode = flags.auth == "none"     ? AuthOptions::Mode::kNone
              : flags.auth == "tokens" ? AuthOptions::Mode::kTokens
                                       : AuthOptions::Mode::kKubernetes;
  if (auth.mode != AuthOptions::Mode::kKubernetes) return base::Ok();
  flags.controller.kubernetes = TRY(FindKubernetes(flags.kubeconfig));
  return base::Ok();
}

int Run(const Flags& flags, base::Clock& clock, sys::Signals& signals) {
  const base::Log log = base::Log::ToStderr(flags.level);
  auto controller = vmafx::controller::Controller::Start(flags.controller, clock, log);
  if (!controller.ok()) {
    fmt::print(stderr, "vmafx-controller: {}\n", controller.error().message());
    return app::kErrored;
  }
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
  if (const auto end = app::Parse(cli, argc, argv)) return *end;
  if (auto settled = SettleIdentity(flags); !settled.ok()) {
    fmt::print(stderr, "vmafx-controller: {}\n", settled.error().message());
    return app::kUsage;
  }
  return Run(flags, clock, signals);
}
