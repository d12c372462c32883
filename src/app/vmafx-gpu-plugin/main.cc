// vmafx-gpu-plugin: simulated GPUs for a node.

#include <cstdio>

#include "app/platform_flags.h"
#include "net/http_server.h"
#include "sys/signals.h"
#include "vmafx/gpu_plugin/plugin.h"

namespace {

constexpr char kVersion[] = "0.1.0";

constexpr char kNotes[] =
    R"(Runs on each node as root, with the kubelet's folder of device plugins mounted. Containers get the names of their
devices in VMAFX_SIMULATED_DEVICES (and NVIDIA_VISIBLE_DEVICES for nvidia.com), and nothing else.

  curl -X POST 'http://NODE_OR_POD:8080/health/simulated-0?state=unhealthy'     one GPU less, at once
  curl http://NODE_OR_POD:8080/devices

Exit codes: 0 stopped by a signal, 2 bad usage, 3 could not start.)";

struct Flags {
  vmafx::gpu_plugin::PluginOptions options;
  int count = 2;
  std::string http_address = ":8080";
  base::Level level = base::Level::kInfo;
};

void AddFlags(CLI::App& cli, Flags& flags) {
  cli.add_option("--resource", flags.options.resource, "what the devices are counted as")
      ->envname("VMAFX_GPU_RESOURCE")
      ->check([](const std::string& text) {
        const auto checked = vmafx::gpu_plugin::CheckResource(text);
        return checked.ok() ? std::string() : checked.error().message();
      })
      ->capture_default_str();
  cli.add_option("--count", flags.count, "how many devices this node has")
      ->envname("VMAFX_GPU_COUNT")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  cli.add_option("--folder", flags.options.folder, "the kubelet's folder of device plugins")
      ->envname("VMAFX_GPU_PLUGIN_DIR")
      ->capture_default_str();
  cli.add_option("--http-addr", flags.http_address, "where health is asked for and set")
      ->envname("VMAFX_HTTP_ADDR")
      ->capture_default_str();
  app::AddLogLevel(cli, flags.level);
}

int Run(const Flags& flags, base::Clock& clock, sys::Signals& signals) {
  const base::Log log = base::Log::ToStderr(flags.level);
  vmafx::gpu_plugin::Devices devices(flags.count);
  vmafx::gpu_plugin::Plugin plugin(flags.options, devices, clock, log);
  const auto server =
      net::HttpServer::Start(flags.http_address, ControlRoutes(plugin, devices), {});
  if (!server.ok()) {
    log.Error("not started", {{"reason", server.error().message()}});
    return app::kErrored;
  }
  log.Info("started",
           {{"version", kVersion}, {"resource", flags.options.resource}, {"devices", flags.count}});
  const auto ran = plugin.Run(base::Until(clock, base::Instant::max(), signals.stop()));
  if (!ran.ok()) {
    log.Error("not started", {{"reason", ran.error().message()}});
    return app::kErrored;
  }
  log.Info("stopped", {{"signal", signals.received()}});
  return app::kStopped;
}

}  // namespace

int main(int argc, char** argv) {
  sys::Signals signals;  // before any thread
  base::SystemClock clock;
  Flags flags;

  CLI::App cli("Tells the kubelet of simulated GPUs.", "vmafx-gpu-plugin");
  cli.set_version_flag("--version", std::string("vmafx-gpu-plugin ") + kVersion);
  cli.footer(kNotes);
  AddFlags(cli, flags);
  if (const auto end = app::Parse(cli, argc, argv)) return *end;
  return Run(flags, clock, signals);
}
