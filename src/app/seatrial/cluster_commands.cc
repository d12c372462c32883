// seatrial up | down | status | kubeconfig | shell: clusters that are ours.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "app/seatrial/clusters.h"
#include "app/seatrial/commands.h"
#include "app/seatrial/finish.h"
#include "app/seatrial/owner.h"
#include "base/text.h"
#include "cluster/provider.h"
#include "sys/files.h"
#include "sys/process.h"
#include "value/json.h"

namespace app {
namespace {

namespace fs = std::filesystem;
using base::Result;
using value::Json;

struct Flags {
  std::string name = "seatrial", state_dir, level = "full", kubernetes_bin, timeout = "120s";
  std::vector<std::string> images;
  std::string provider = "native", kind_config, node_image, out = "logs";
  int api_port = 0;
  bool all = false, audit = false, json = false, path = false;
  std::vector<std::string> command;
};

double Seconds(base::Duration span) {
  return std::chrono::duration<double>(span).count();
}

void PrintRow(const cluster::StartRow& row) {
  fmt::print("  {:<20} started {:>5.2f} s", row.component, Seconds(row.started));
  if (row.ready) fmt::print("   ready {:>5.2f} s", Seconds(*row.ready));
  fmt::print("\n");
  std::fflush(stdout);
}

Json ToJson(const cluster::Cluster& cluster) {
  Json table = Json::array();
  for (const cluster::StartRow& row : cluster.start_table) {
    Json entry{{"component", row.component}, {"startedSeconds", Seconds(row.started)}};
    if (row.ready) entry["readySeconds"] = Seconds(*row.ready);
    table.push_back(std::move(entry));
  }
  return {{"name", cluster.name},
          {"provider", cluster.kind ? "kind" : "native"},
          {"level", cluster::ToString(cluster.level)},
          {"kubernetesVersion", cluster.kubernetes_version},
          {"kubeconfig", cluster.kubeconfig.string()},
          {"server", fmt::format("https://127.0.0.1:{}", cluster.api_port)},
          {"node", cluster.node_name},
          {"nodes", cluster.kind ? cluster.nodes : std::vector<std::string>{cluster.node_name}},
          {"initPid", cluster.init_pid},
          {"stateFolder", cluster.folder.string()},
          {"startTable", table}};
}

Result<> Up(const Flags& flags, Context& context) {
  const base::Instant begin = context.clock.Now();
  cluster::ClusterSpec spec;
  spec.name = flags.name;
  spec.level = TRY(cluster::ParseLevel(flags.level));
  spec.api_port = flags.api_port;
  spec.audit = flags.audit;
  spec.backend = TRY(cluster::ParseBackend(flags.provider));
  spec.kind_config = flags.kind_config;
  spec.node_image = flags.node_image;
  const base::Until until = UntilTimeout(context, flags.timeout);
  spec.kubernetes_bin = FindKubernetes(flags.kubernetes_bin, until);
  for (const std::string& image : flags.images) spec.images.emplace_back(image);

  if (!flags.json) fmt::print("starting cluster {} ({})\n", spec.name, flags.level);
  std::fflush(stdout);
  cluster::Progress progress;
  if (!flags.json) progress = {.ready = PrintRow, .note = PrintNote};
  const cluster::Cluster up =
      TRY(MakeProvider(context, flags.state_dir)->Up(spec, progress, until));
  if (const auto owner = CallingUser()) TRY(GiveCluster(*owner, up, flags.state_dir));
  const double took = Seconds(context.clock.Now() - begin);
  if (flags.json) {
    Json json = ToJson(up);
    json["seconds"] = took;
    fmt::print("{}\n", json.dump(2));
    return base::Ok();
  }
  const std::string name = up.name == "seatrial" ? "" : " --name " + up.name;
  fmt::print("cluster {} is up: Kubernetes {}, {:.2f} s\n", up.name, up.kubernetes_version, took);
  fmt::print("  use it:  export KUBECONFIG={}\n", up.kubeconfig.string());
  fmt::print("  or:      seatrial shell{} -- kubectl get pods -A\n", name);
  fmt::print("  end it:  seatrial down{}\n", name);
  return base::Ok();
}

Result<> Down(const Flags& flags, Context& context) {
  const auto provider = MakeProvider(context, flags.state_dir);
  const base::Until until = UntilTimeout(context, flags.timeout);
  std::vector<std::string> names = {flags.name};
  if (flags.all) {
    names.clear();
    for (const auto& status : TRY(provider->List())) names.push_back(status.cluster.name);
    if (names.empty()) fmt::print("there are no clusters in {}\n", flags.state_dir);
  }
  for (const std::string& name : names) {
    TRY(provider->Down(name, until));
    fmt::print("cluster {} is gone\n", name);
  }
  return base::Ok();
}

Json ToJson(const cluster::ClusterStatus& status) {
  Json json = ToJson(status.cluster);
  json["running"] = status.running;
  json["components"] = Json::array();
  for (const auto& component : status.components)
    json["components"].push_back({{"name", component.name},
                                  {"pid", component.pid},
                                  {"restarts", component.restarts},
                                  {"stopped", component.stopped},
                                  {"lastExit", component.last_exit}});
  return json;
}

Result<> Status(const Flags& flags, Context& context) {
  const auto list = TRY(MakeProvider(context, flags.state_dir)->List());
  if (flags.json) {
    Json json = Json::array();
    for (const auto& status : list) json.push_back(ToJson(status));
    fmt::print("{}\n", json.dump(2));
    return base::Ok();
  }
  if (list.empty()) fmt::print("there are no clusters in {}\n", flags.state_dir);
  for (const auto& status : list) {
    const cluster::Cluster& it = status.cluster;
    if (!status.running) {
      fmt::print("{}: ended; `seatrial gc` removes what it left in {}\n", it.name,
                 it.folder.string());
      continue;
    }
    if (it.kind) {
      fmt::print("{}: runs in kind, Kubernetes {}, https://127.0.0.1:{}, nodes {}\n", it.name,
                 it.kubernetes_version, it.api_port, base::Join(it.nodes, ", "));
      continue;
    }
    fmt::print("{}: runs, Kubernetes {}, https://127.0.0.1:{}, node {}, init process {}\n", it.name,
               it.kubernetes_version, it.api_port, it.node_name, it.init_pid);
    for (const auto& component : status.components) {
      fmt::print("  {:<20} {}", component.name,
                 component.pid == 0 ? "ended" : fmt::format("process {}", component.pid));
      if (component.stopped) fmt::print(", stopped");
      if (component.restarts > 0)
        fmt::print(", restarted {} times, last after {}", component.restarts, component.last_exit);
      fmt::print("\n");
    }
  }
  return base::Ok();
}

Result<> Kubeconfig(const Flags& flags, Context& context) {
  const cluster::Cluster found = TRY(MakeProvider(context, flags.state_dir)->Find(flags.name));
  if (flags.path) {
    fmt::print("{}\n", found.kubeconfig.string());
  } else {
    fmt::print("{}", TRY(sys::ReadFile(found.kubeconfig)));
  }
  return base::Ok();
}

// Replaces this process, so that the terminal, signals and exit status are the command's.
Result<> Shell(const Flags& flags, Context& context) {
  const auto provider = MakeProvider(context, flags.state_dir);
  const cluster::Cluster found = TRY(provider->Find(flags.name));
  std::map<std::string, std::string> environment = sys::Environment();
  sys::Command command;
  command.argv = flags.command;
  if (command.argv.empty()) {
    const std::string shell = environment["SHELL"];
    command.argv = {shell.empty() ? "/bin/sh" : shell};
  }
  command = TRY(provider->Wrap(found, cluster::Inside::kNetwork, std::move(command)));
  environment["KUBECONFIG"] = found.inside_kubeconfig.string();
  environment["PATH"] = found.kubernetes_bin.string() + ":" + environment["PATH"];
  return sys::Replace(std::move(command.argv), environment);
}

Result<> Logs(const Flags& flags, Context& context) {
  const auto provider = MakeProvider(context, flags.state_dir);
  const cluster::Cluster found = TRY(provider->Find(flags.name));
  TRY(provider->ExportLogs(found, flags.out, UntilTimeout(context, flags.timeout)));
  fmt::print("logs of cluster {} are in {}\n", found.name, flags.out);
  return base::Ok();
}

std::string CheckLevel(const std::string& word) {
  const auto level = cluster::ParseLevel(word);
  return level.ok() ? "" : level.error().message();
}

using Body = Result<> (*)(const Flags&, Context&);

// A subcommand with the flag that all have.
CLI::App* Add(CLI::App& app, Context& context, const std::shared_ptr<Flags>& flags,
              const std::string& name, const std::string& what, const std::string& examples,
              Body body) {
  CLI::App* command = app.add_subcommand(name, what);
  command->add_option("--state-dir", flags->state_dir, "where clusters keep their state")
      ->capture_default_str();
  command->footer("Examples:\n" + examples);
  command->callback(
      [flags, body, &context] { context.exit_code = Finish(body(*flags, context), context); });
  return command;
}

void AddName(CLI::App* command, const std::shared_ptr<Flags>& flags) {
  command->add_option("--name", flags->name, "the cluster")->capture_default_str();
}

void AddTimeout(CLI::App* command, const std::shared_ptr<Flags>& flags) {
  command->add_option("--timeout", flags->timeout, "limit, as in 90s or 5m")
      ->check(CheckDuration)
      ->capture_default_str();
}

void AddUp(CLI::App& app, Context& context, const std::shared_ptr<Flags>& flags) {
  CLI::App* up = Add(app, context, flags, "up",
                     "start a Kubernetes cluster: one node as root without Docker, or kind's",
                     "  seatrial up\n"
                     "  seatrial up --name ci --api-port 6443 --timeout 60s\n"
                     "  seatrial up --level api --json\n"
                     "  seatrial up --provider kind --kind-config three-nodes.yaml\n"
                     "  seatrial up --kubernetes-bin /opt/kubernetes-1.36/bin",
                     Up);
  AddName(up, flags);
  AddProviderFlags(*up, {flags->provider, flags->kind_config, flags->node_image});
  up->add_option("--level", flags->level,
                 "how much to start and wait for: api (etcd and API server), node (Pods run), dns "
                 "(names resolve), full (and StorageClass, default service account)")
      ->check(CheckLevel)
      ->capture_default_str();
  up->add_option("--kubernetes-bin", flags->kubernetes_bin,
                 "folder of the Kubernetes programs; default: SEATRIAL_KUBERNETES_BIN, else those "
                 "installed with seatrial, else what `make kubernetes` built");
  up->add_option("--api-port", flags->api_port, "port of the API server on 127.0.0.1; 0: any free")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  up->add_option("--image", flags->images,
                 "image archive that the node gets while it starts (repeatable)");
  up->add_flag("--audit", flags->audit,
               "note every request to the API server in logs/audit.log of the cluster's folder");
  up->add_flag("--json", flags->json, "print the cluster and its start table as JSON");
  AddTimeout(up, flags);
}

}  // namespace

void AddClusterCommands(CLI::App& app, Context& context) {
  const auto flags = std::make_shared<Flags>();
  flags->state_dir = kStateDir;
  AddUp(app, context, flags);

  CLI::App* down = Add(app, context, flags, "down", "end a cluster and remove all that it was",
                       "  seatrial down\n  seatrial down --name ci\n  seatrial down --all", Down);
  AddName(down, flags);
  down->add_flag("--all", flags->all, "all clusters of the state folder");
  AddTimeout(down, flags);

  CLI::App* status = Add(app, context, flags, "status", "list clusters and their components",
                         "  seatrial status\n  seatrial status --json", Status);
  status->add_flag("--json", flags->json, "print JSON");

  CLI::App* kubeconfig = Add(app, context, flags, "kubeconfig",
                             "print a cluster's kubeconfig (it is never put into ~/.kube)",
                             "  seatrial kubeconfig > ci.kubeconfig\n"
                             "  export KUBECONFIG=\"$(seatrial kubeconfig --path)\"",
                             Kubeconfig);
  AddName(kubeconfig, flags);
  kubeconfig->add_flag("--path", flags->path, "print the path of the file instead");

  CLI::App* shell = Add(app, context, flags, "shell",
                        "run a command, or a shell, in a cluster's network, with its KUBECONFIG, "
                        "kubectl and helm, and its DNS",
                        "  seatrial shell\n"
                        "  seatrial shell -- kubectl get nodes -o wide\n"
                        "  seatrial shell --name ci -- curl http://web.default.svc.cluster.local",
                        Shell);
  AddName(shell, flags);
  shell->add_option("command", flags->command, "the command and its arguments, after --");

  CLI::App* logs = Add(app, context, flags, "logs",
                       "copy the logs of a cluster's components and Pods into a folder",
                       "  seatrial logs --out build/logs/cluster", Logs);
  AddName(logs, flags);
  logs->add_option("--out", flags->out, "the folder")->capture_default_str();
  AddTimeout(logs, flags);
}

}  // namespace app
