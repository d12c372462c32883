// seatrial fault kill | stop | start | list: what goes wrong in a cluster, on purpose.

#include <memory>

#include "app/seatrial/clusters.h"
#include "app/seatrial/commands.h"
#include "app/seatrial/finish.h"
#include "cluster/provider.h"
#include "value/json.h"

namespace app {
namespace {

using base::Result;
using cluster::Fault;
using Component = cluster::ClusterStatus::Component;

struct Flags {
  std::string component, name = "seatrial", state_dir = kStateDir, timeout = "30s";
  bool json = false;
};

const char* StateOf(const Component& component) {
  if (component.pid == 0) return "ended";
  return component.stopped ? "stopped" : "runs";
}

Result<> Inject(const Flags& flags, Fault fault, Context& context) {
  const auto provider = MakeProvider(context, flags.state_dir);
  const cluster::Cluster found = TRY(provider->Find(flags.name));
  const Component was =
      TRY(provider->Inject(found, flags.component, fault, UntilTimeout(context, flags.timeout)));
  switch (fault) {
    case Fault::kKill:
      fmt::print("{}: killed (process {} of the node); it is started again in a moment\n", was.name,
                 was.pid);
      break;
    case Fault::kStop:
      fmt::print("{}: {} (process {} of the node); `seatrial fault start {}` lets it go on\n",
                 was.name, was.stopped ? "was stopped already" : "stopped", was.pid, was.name);
      break;
    case Fault::kStart:
      fmt::print("{}: {} (process {} of the node)\n", was.name,
                 was.stopped ? "goes on" : "was not stopped", was.pid);
      break;
  }
  return base::Ok();
}

Result<> List(const Flags& flags, Context& context) {
  const auto provider = MakeProvider(context, flags.state_dir);
  TRY(provider->Find(flags.name));  // says what to do when it does not run
  value::Json json = value::Json::array();
  for (const auto& status : TRY(provider->List())) {
    if (status.cluster.name != flags.name) continue;
    for (const Component& component : status.components) {
      json.push_back({{"name", component.name},
                      {"state", StateOf(component)},
                      {"pid", component.pid},
                      {"restarts", component.restarts},
                      {"lastExit", component.last_exit}});
      if (flags.json) continue;
      fmt::print("{:<20} {:<8} restarts {}", component.name, StateOf(component),
                 component.restarts);
      if (component.restarts > 0) fmt::print(", last after {}", component.last_exit);
      fmt::print("\n");
    }
  }
  if (flags.json) fmt::print("{}\n", json.dump(2));
  return base::Ok();
}

CLI::App* Add(CLI::App& fault, const std::shared_ptr<Flags>& flags, const std::string& name,
              const std::string& what, const std::string& examples) {
  CLI::App* command = fault.add_subcommand(name, what);
  command->add_option("--name", flags->name, "the cluster")
      ->envname("SEATRIAL_CLUSTER")
      ->capture_default_str();
  command->add_option("--state-dir", flags->state_dir, "where clusters keep their state")
      ->envname("SEATRIAL_STATE_DIR")
      ->capture_default_str();
  command->footer("Examples:\n" + examples);
  return command;
}

void AddInjection(CLI::App& fault, Context& context, const std::shared_ptr<Flags>& flags,
                  const std::string& name, const std::string& what, const std::string& examples,
                  Fault which) {
  CLI::App* command = Add(fault, flags, name, what, examples);
  command
      ->add_option(
          "component", flags->component,
          "etcd, apiserver, controller-manager, scheduler, containerd, kubelet, proxy, "
          "coredns or relay (`fault list` has those of the cluster; kube-apiserver and the "
          "like are understood)")
      ->required();
  command->add_option("--timeout", flags->timeout, "limit, as in 90s or 5m")
      ->check(CheckDuration)
      ->capture_default_str();
  command->callback([flags, which, &context] {
    context.exit_code = Finish(Inject(*flags, which, context), context);
  });
}

}  // namespace

void AddFaultCommands(CLI::App& app, Context& context) {
  CLI::App* fault = app.add_subcommand(
      "fault", "let a component of a cluster crash or hang (clusters of `seatrial up` and `run`)");
  fault->require_subcommand(1);
  const auto flags = std::make_shared<Flags>();

  AddInjection(*fault, context, flags, "kill",
               "end a component at once (SIGKILL); it is started again after 0.1 s, later when it "
               "has been killed a moment ago",
               "  seatrial fault kill etcd\n  seatrial fault kill kube-apiserver --name ci",
               Fault::kKill);
  AddInjection(*fault, context, flags, "stop",
               "let a component hang (SIGSTOP): its connections stay open, nobody answers",
               "  seatrial fault stop kubelet; sleep 60; seatrial fault start kubelet",
               Fault::kStop);
  AddInjection(*fault, context, flags, "start", "let a stopped component go on (SIGCONT)",
               "  seatrial fault start kubelet", Fault::kStart);
  CLI::App* list = Add(*fault, flags, "list", "list the components of a cluster and their state",
                       "  seatrial fault list\n  seatrial fault list --name ci --json");
  list->add_flag("--json", flags->json, "print JSON");
  list->callback([flags, &context] { context.exit_code = Finish(List(*flags, context), context); });
  fault->footer(
      "In commands of a suite that `seatrial run` runs, the cluster needs no --name.\n"
      "Examples:\n  seatrial fault list\n  seatrial fault kill etcd");
}

}  // namespace app
