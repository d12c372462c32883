// seatrial engine up | down | status: a Docker engine in a capsule, for machines without a running
// one.

#include <memory>

#include "app/seatrial/clusters.h"
#include "app/seatrial/commands.h"
#include "app/seatrial/finish.h"
#include "base/text.h"
#include "cluster/engine/engine.h"

namespace app {
namespace {

namespace engine = cluster::engine;
namespace fs = std::filesystem;
using base::Result;

struct Flags {
  std::string state_dir = kStateDir, docker_bin, timeout = "60s";
};

void Print(const engine::Engine& it) {
  fmt::print("  containers start through {}\n",
             it.wrapped ? "runc behind a wrapper: this machine gives no CAP_SYS_RESOURCE" : "runc");
  fmt::print("  use it:  export DOCKER_HOST={}\n", it.Host());
  fmt::print("           (the ports that containers publish are in the engine's own network)\n");
}

Result<> Up(const Flags& flags, Context& context) {
  const base::Instant begin = context.clock.Now();
  const base::Until until = UntilTimeout(context, flags.timeout);
  const engine::Engine up = TRY(engine::Up({.state_dir = fs::absolute(flags.state_dir),
                                            .program = fs::read_symlink("/proc/self/exe"),
                                            .docker_bin = FindDocker(flags.docker_bin, until)},
                                           until));
  fmt::print("engine is up: Docker {}, {}\n", up.version,
             base::FormatSpan(context.clock.Now() - begin));
  Print(up);
  fmt::print("  end it:  seatrial engine down\n");
  return base::Ok();
}

Result<> Down(const Flags& flags, Context& context) {
  TRY(engine::Down(fs::absolute(flags.state_dir), UntilTimeout(context, flags.timeout)));
  fmt::print("the engine is gone\n");
  return base::Ok();
}

Result<> Status(const Flags& flags, Context&) {
  const engine::Engine found = TRY(engine::Find(fs::absolute(flags.state_dir)));
  fmt::print("engine runs: Docker {}, init process {}\n", found.version, found.init_pid);
  Print(found);
  return base::Ok();
}

using Body = Result<> (*)(const Flags&, Context&);

CLI::App* Add(CLI::App& group, Context& context, const std::shared_ptr<Flags>& flags,
              const std::string& name, const std::string& what, Body body) {
  CLI::App* command = group.add_subcommand(name, what);
  command
      ->add_option("--state-dir", flags->state_dir, "where clusters and engines keep their state")
      ->capture_default_str();
  command->add_option("--timeout", flags->timeout, "limit, as in 90s or 5m")
      ->check(CheckDuration)
      ->capture_default_str();
  command->callback(
      [flags, body, &context] { context.exit_code = Finish(body(*flags, context), context); });
  return command;
}

}  // namespace

void AddEngineCommands(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand(
      "engine",
      "a Docker engine in a capsule, for clusters of kind where no engine runs (as root)");
  group->require_subcommand(1);
  const auto flags = std::make_shared<Flags>();
  CLI::App* up = Add(*group, context, flags, "up", "start it and wait until it answers", Up);
  up->add_option("--docker-bin", flags->docker_bin,
                 "folder of dockerd and what it starts; default: SEATRIAL_DOCKER_BIN, else what "
                 "`tools/engine` found or fetched, else the PATH's");
  Add(*group, context, flags, "down", "end it with all its containers and remove its data", Down);
  Add(*group, context, flags, "status", "say whether it runs and how to use it", Status);
  group->footer(
      "Examples:\n  seatrial engine up\n  seatrial up --provider kind\n  seatrial engine down");
}

}  // namespace app
