// vmafx-operator: makes VmafxJobs happen.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>

#include "app/platform_flags.h"
#include "app/vmafx-operator/flags.h"
#include "kube/client.h"
#include "kube/kubeconfig.h"
#include "sys/signals.h"
#include "vmafx/operator/controller_client.h"
#include "vmafx/operator/operator.h"

namespace {

using base::Result;

constexpr char kVersion[] = "0.1.0";

constexpr char kNotes[] =
    R"(In a Pod the service account says how to reach Kubernetes; elsewhere --kubeconfig does. Every step is safe to
repeat, so the operator may be stopped or killed at any time.

Exit codes: 0 stopped by a signal, 2 bad usage, 3 could not start or go on.)";

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

// Spellings of earlier versions count where the present one is not set.
void TakeOldNames() {
  const std::pair<const char*, const char*> names[] = {
      {"VMAFX_OPERATOR_PROBE_ADDR", "VMAFX_OPERATOR_HEALTH_PROBE_ADDR"},
      {"VMAFX_OPERATOR_LEADER_ELECT", "VMAFX_OPERATOR_LEADER_ELECTION"},
      {"VMAFX_OPERATOR_LOG_LEVEL", "VMAFX_LOG_LEVEL"}};
  constexpr int kKeep = 0;
  for (const auto& [old_name, name] : names) {
    const std::string value = Environment(old_name);
    if (!value.empty()) setenv(name, value.c_str(), kKeep);
  }
  if (Environment("VMAFX_OPERATOR_WEBHOOKS_ENABLED") == "true") {
    setenv("VMAFX_OPERATOR_WEBHOOK_PORT", "9443", kKeep);
  }
}

// Ends the process when it has not stopped by itself so long after the signal: what it does is safe
// to break off anywhere.
class Watchdog {
 public:
  Watchdog(base::Duration grace, base::Clock& clock, std::stop_token signal, base::Log log)
      : on_signal_(std::move(signal), [this, grace, &clock, log] {
          crew_.Start("grace", [grace, &clock, log](std::stop_token done) {
            const base::Until until(clock, base::Instant::max(), std::move(done));
            if (!until.Pause(grace)) return;
            log.Error("not stopped in time, ending at once", {{"after", base::FormatSpan(grace)}});
            std::_Exit(app::kErrored);
          });
        }) {}

 private:
  base::Crew crew_;
  std::stop_callback<std::function<void()>> on_signal_;
};

int Complain(const base::Error& error, int exit_code) {
  fmt::print(stderr, "vmafx-operator: {}\n", error.message());
  return exit_code;
}

int Run(Flags flags, base::Clock& clock, sys::Signals& signals) {
  const base::Log log = base::Log::ToStderr(flags.level);
  auto access = FindCluster(flags);
  if (!access.ok()) return Complain(access.error(), app::kUsage);
  auto settled = Settle(flags);
  if (!settled.ok()) return Complain(settled.error(), app::kUsage);
  flags.options.identity = Identity();
  log.Info("starting", {{"version", kVersion},
                        {"kubernetes", access->server},
                        {"controller", flags.controller.address},
                        {"worker", flags.options.worker.image}});
  auto client =
      kube::MakeClient(*std::move(access), log, std::string("vmafx-operator/") + kVersion);
  auto controller = vmafx::operators::MakeGrpcControllerClient(flags.controller);
  if (!controller.ok()) return Complain(controller.error(), app::kUsage);
  vmafx::operators::Operator program(flags.options, *client, **controller, clock, log);
  Watchdog watchdog(flags.grace, clock, signals.stop(), log);
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
  TakeOldNames();

  CLI::App cli("Makes VmafxJobs happen: submits them, runs their workers, keeps their status.",
               "vmafx-operator");
  cli.set_version_flag("--version", std::string("vmafx-operator ") + kVersion);
  cli.footer(kNotes);
  AddFlags(cli, flags);
  if (const auto end = app::Parse(cli, argc, argv)) return *end;
  return Run(std::move(flags), clock, signals);
}
