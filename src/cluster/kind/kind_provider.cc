#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/guarded.h"
#include "base/text.h"
#include "cluster/engine/engine.h"
#include "cluster/images/load.h"
#include "cluster/kind/engines.h"
#include "cluster/kind/kind_cli.h"
#include "cluster/kind/node_images.h"
#include "cluster/kind/record.h"
#include "cluster/kind/stragglers.h"
#include "cluster/native/api_probe.h"
#include "cluster/native/state.h"
#include "cluster/provider.h"
#include "kube/kubeconfig.h"
#include "sys/error.h"
#include "sys/files.h"

namespace cluster {
namespace kind {

namespace fs = std::filesystem;
using base::Code;
using base::Fail;
using base::Result;
using base::Until;
using native::StateDir;

namespace {

constexpr auto kEndTime = std::chrono::seconds(60);

// A listening socket on 127.0.0.1:`port` of the machine.
Result<sys::Fd> Listen(int port) {
  constexpr int kBacklog = 128;
  sys::Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(fd.get(), kBacklog) != 0)
    return sys::SystemError(errno, fmt::format("port {} of 127.0.0.1", port));
  return fd;
}

// The port of "https://127.0.0.1:PORT".
Result<int> PortOf(const std::string& server) {
  const size_t colon = server.rfind(':');
  const int port = colon == std::string::npos ? 0 : std::atoi(server.c_str() + colon + 1);
  if (port > 0) return port;
  return Fail(Code::kInternal, "kind's kubeconfig names the server {}: no port in it", server);
}

bool Ready(const kube::Object& node) {
  return node.Condition("Ready") == "True";
}

}  // namespace

class KindProvider final : public Provider {
 public:
  KindProvider(KindOptions options, base::Clock& clock)
      : options_(std::move(options)), state_(options_.state_dir / ".kind"), clock_(clock) {}

  Result<Cluster> Up(const ClusterSpec& spec, const Progress& progress,
                     const Until& until) override;
  Result<> Down(const std::string& name, const Until& until) override;
  Result<Cluster> Find(const std::string& name) override;
  Result<std::vector<ClusterStatus>> List() override;
  Result<std::vector<std::string>> Sweep(const Until& until) override;
  Result<> Load(const Cluster& cluster, const std::vector<fs::path>& archives, const Loaded& done,
                const Until& until) override;
  Result<> LoadFromEngine(const Cluster& cluster, const std::vector<std::string>& names,
                          const Until& until) override;
  Result<> ExportLogs(const Cluster& cluster, const fs::path& folder, const Until& until) override;
  Result<sys::Command> Wrap(const Cluster& cluster, Inside inside, sys::Command command) override;
  Result<ClusterStatus::Component> Inject(const Cluster& cluster, const std::string& name,
                                          Fault fault, const Until& until) override;

 private:
  Result<> Check(const ClusterSpec& spec) const;
  Result<Cluster> Create(const ClusterSpec& spec, const ContainerEngine& engine, Record& record,
                         const Progress& progress, const Until& until);
  // Brings the API server's port out of an engine of ours.
  Result<> Publish(const ContainerEngine& engine, Record& record);
  Result<> AwaitAll(Cluster& cluster, const Until& until);
  Result<ContainerEngine> EngineOf(const Record& record) const {
    return SameEngine(options_.environment, options_.state_dir, record.engine, record.engine_ours);
  }
  // True when an engine of ours that it lived in has ended, and the cluster with it.
  static bool EngineEnded(const Record& record, const Result<ContainerEngine>& engine) {
    return record.engine_ours && (!engine.ok() || engine->ours->init_pid != record.engine_init);
  }
  Result<bool> Runs(const Record& record, const Until& until) const;
  // The cluster in its engine and all that is remembered of it; its lock is held by the caller.
  Result<> Remove(const std::string& name, const Until& until);

  const KindOptions options_;
  const StateDir state_;
  base::Clock& clock_;
  // Locks of clusters that are to end with this process, by name.
  base::Guarded<std::map<std::string, sys::Fd>> tied_;
};

Result<> KindProvider::Check(const ClusterSpec& spec) const {
  if (options_.kind().empty())
    return Fail(Code::kNotFound,
                "there is no program kind: run `tools/companions/build kind`, or put kind on the "
                "PATH");
  if (spec.level != Level::kFull)
    return Fail(Code::kInvalid, "level {} is for the provider native: kind always starts all",
                ToString(spec.level));
  if (spec.api_port != 0)
    return Fail(Code::kInvalid,
                "a port of the API server is for the provider native: for kind write "
                "networking.apiServerPort into the file of --kind-config");
  if (spec.audit)
    return Fail(Code::kInvalid,
                "an audit log is for the provider native: for kind write kubeadmConfigPatches into "
                "the file of --kind-config");
  if (!spec.kind_config.empty() && !fs::exists(spec.kind_config))
    return Fail(Code::kInvalid, "{}: no such file", spec.kind_config.string());
  for (const fs::path& image : spec.images)
    if (!fs::exists(image))
      return Fail(Code::kNotFound, "{}: no such image archive", image.string());
  return base::Ok();
}

Result<Cluster> KindProvider::Up(const ClusterSpec& spec, const Progress& progress,
                                 const Until& until) {
  TRY(CheckClusterName(spec.name));
  TRY(Check(spec));
  const ContainerEngine engine = TRY(FindEngine(options_.environment, options_.state_dir, until));
  TRY(Sweep(until));
  auto lock = state_.Lock(spec.name);
  if (lock.Is(Code::kExists))
    return Fail(Code::kExists, "cluster {} of kind is being made or used just now", spec.name);
  if (!lock.ok()) return std::move(lock).error();
  KindCli cli(options_.kind(), engine);
  const auto names = TRY(cli.Clusters(until));
  if (std::find(names.begin(), names.end(), spec.name) != names.end()) {
    const bool known = fs::exists(state_.Of(spec.name).folder / "record.json");
    if (!known) state_.Forget(spec.name, std::move(*lock));
    return Fail(Code::kExists,
                "there is a cluster {0} of kind already: `{1} --name {0}` ends it, `--name` gives "
                "the new one another name",
                spec.name, known ? "seatrial down" : "kind delete cluster");
  }

  progress.note(fmt::format("kind in {}", engine.Describe()));
  Record record;
  record.engine = engine.name;
  record.engine_ours = engine.ours.has_value();
  record.engine_init = engine.ours ? engine.ours->init_pid : 0;
  record.tied = true;  // until it is complete: whoever finds it without us removes it
  auto cluster = Create(spec, engine, record, progress, until);
  if (cluster.ok()) {
    if (spec.tied) tied_.With([&](auto& tied) { tied.emplace(spec.name, std::move(*lock)); });
    return cluster;
  }
  TRY(Remove(spec.name, Until::After(clock_, kEndTime)).During(cluster.error().message()));
  state_.Forget(spec.name, std::move(*lock));
  return cluster;
}

Result<Cluster> KindProvider::Create(const ClusterSpec& spec, const ContainerEngine& engine,
                                     Record& record, const Progress& progress, const Until& until) {
  const native::Layout layout = state_.Of(spec.name);
  const base::Instant begin = clock_.Now();
  TRY(sys::MakeDirs(layout.folder / "logs", 0700));
  record.cluster.name = spec.name;
  record.cluster.kubernetes_bin = spec.kubernetes_bin;
  TRY(WriteRecord(layout.folder, record));
  const std::string image =
      TRY(ChooseNodeImage(engine, spec, options_.node_archive(), progress, until));

  CreateLines lines(clock_, begin, progress);
  KindCli cli(options_.kind(), engine);
  const auto begun = [&](pid_t group) {
    record.making = group;
    return WriteRecord(layout.folder, record);
  };
  TRY(cli.Create(spec, layout.Kubeconfig(), image, lines, begun, until));
  record.making = 0;
  record.cluster.start_table = lines.table();
  record.cluster.nodes = TRY(cli.Nodes(spec.name, until));
  const auto access = TRY(kube::LoadKubeconfig(layout.Kubeconfig()));
  record.cluster.api_port = TRY(PortOf(access.server));
  record.cluster.folder = layout.folder;
  record.cluster.kubeconfig = layout.Kubeconfig();
  if (engine.ours) TRY(Publish(engine, record));
  TRY(WriteRecord(layout.folder, record));

  StartRow rest{"nodes, DNS, account", clock_.Now() - begin, std::nullopt};
  TRY(AwaitAll(record.cluster, until));
  rest.ready = clock_.Now() - begin;
  progress.ready(rest);
  record.cluster.start_table.push_back(std::move(rest));
  record.tied = spec.tied;
  TRY(WriteRecord(layout.folder, record));
  Record complete = TRY(ReadRecord(layout.folder));
  if (!spec.images.empty())
    TRY(Load(
        complete.cluster, spec.images, [](const images::LoadedImage&) {}, until));
  return complete.cluster;
}

Result<> KindProvider::Publish(const ContainerEngine& engine, Record& record) {
  const int port = record.cluster.api_port;
  const sys::Fd listener = TRY(Listen(port));
  record.relay = TRY(engine::PublishPort(*engine.ours, options_.program, listener.get(), port,
                                         record.cluster.folder / "logs" / "relay.log"));
  return base::Ok();
}

// What `seatrial up` promises at its level "full", whoever made the cluster.
Result<> KindProvider::AwaitAll(Cluster& cluster, const Until& until) {
  native::ApiProbe api(TRY(kube::LoadKubeconfig(cluster.kubeconfig)));
  TRY(api.AwaitOk("/readyz", until));
  cluster.kubernetes_version = TRY(api.Version(until));
  for (const std::string& node : KubernetesNodes(cluster))
    TRY(api.AwaitObject({"", "v1", "Node"}, {"", node}, Ready, until));
  TRY(api.AwaitObject(
      {"apps", "v1", "Deployment"}, {"kube-system", "coredns"},
      [](const kube::Object& object) { return object.Condition("Available") == "True"; }, until));
  return api.AwaitObject(
      {"", "v1", "ServiceAccount"}, {"default", "default"},
      [](const kube::Object&) { return true; }, until);
}

Result<bool> KindProvider::Runs(const Record& record, const Until& until) const {
  const auto engine = EngineOf(record);
  if (EngineEnded(record, engine)) return false;
  if (!engine.ok()) return engine.error();
  KindCli cli(options_.kind(), *engine);
  const auto names = TRY(cli.Clusters(until));
  return std::find(names.begin(), names.end(), record.cluster.name) != names.end();
}

Result<> KindProvider::Remove(const std::string& name, const Until& until) {
  const fs::path folder = state_.Of(name).folder;
  const auto record = ReadRecord(folder);
  if (record.ok()) {
    const auto engine = EngineOf(*record);
    if (!EngineEnded(*record, engine)) {
      if (!engine.ok()) return engine.error();
      TRY(AwaitContainers(record->making, until));
      KindCli cli(options_.kind(), *engine);
      TRY(cli.Delete(name, folder / "kubeconfig", until));
    }
    if (record->relay != 0) engine::Unpublish(record->relay, record->cluster.api_port);
  }
  std::error_code problem;
  fs::remove_all(folder, problem);
  if (problem) return sys::SystemError(problem.value(), "removing " + folder.string());
  return base::Ok();
}

Result<> KindProvider::Down(const std::string& name, const Until& until) {
  TRY(CheckClusterName(name));
  if (!fs::exists(state_.Of(name).folder))
    return Fail(Code::kNotFound, "there is no cluster {} of kind in {}", name,
                options_.state_dir.string());
  sys::Fd own;
  tied_.With([&](auto& tied) {
    const auto found = tied.find(name);
    if (found == tied.end()) return;
    own = std::move(found->second);
    tied.erase(found);
  });
  Result<sys::Fd> lock = own.valid() ? Result<sys::Fd>(std::move(own)) : state_.Lock(name);
  if (lock.Is(Code::kExists))
    return Fail(Code::kExists, "cluster {} of kind is used by another seatrial just now", name);
  if (!lock.ok()) return std::move(lock).error();
  TRY(Remove(name, until));
  state_.Forget(name, std::move(*lock));
  rmdir(options_.state_dir.c_str());  // fails while there is more, as it should
  return base::Ok();
}

Result<Cluster> KindProvider::Find(const std::string& name) {
  TRY(CheckClusterName(name));
  const auto record = ReadRecord(state_.Of(name).folder);
  const auto runs =
      record.ok() ? Runs(*record, Until::After(clock_, kEndTime)) : Result<bool>(false);
  if (!runs.ok()) return runs.error();
  if (*runs) return record->cluster;
  return Fail(Code::kNotFound,
              "no cluster {0} of kind runs: `seatrial up --provider kind --name {0}` starts one",
              name);
}

Result<std::vector<ClusterStatus>> KindProvider::List() {
  std::vector<ClusterStatus> list;
  for (const std::string& name : state_.Names()) {
    const auto record = ReadRecord(state_.Of(name).folder);
    if (!record.ok()) continue;
    ClusterStatus status;
    status.cluster = record->cluster;
    status.running = Runs(*record, Until::After(clock_, kEndTime)).ValueOr(false);
    list.push_back(std::move(status));
  }
  return list;
}

Result<std::vector<std::string>> KindProvider::Sweep(const Until& until) {
  std::vector<std::string> swept;
  for (const std::string& name : state_.Names()) {
    auto lock = state_.Lock(name);
    if (lock.Is(Code::kExists)) continue;
    if (!lock.ok()) return std::move(lock).error();
    const auto record = ReadRecord(state_.Of(name).folder);
    // One whose engine does not answer may still be there.
    if (record.ok() && !record->tied && Runs(*record, until).ValueOr(true)) continue;
    TRY(Remove(name, until).During("removing what is left of cluster " + name));
    state_.Forget(name, std::move(*lock));
    if (record.ok()) swept.push_back(name);
  }
  return swept;
}

Result<> KindProvider::Load(const Cluster& cluster, const std::vector<fs::path>& archives,
                            const Loaded& done, const Until& until) {
  const Record record = TRY(ReadRecord(cluster.folder));
  const ContainerEngine engine = TRY(EngineOf(record));
  KindCli cli(options_.kind(), engine);
  return LoadMissing(engine, cli, record.cluster, archives, done, until);
}

Result<> KindProvider::LoadFromEngine(const Cluster& cluster, const std::vector<std::string>& names,
                                      const Until& until) {
  const Record record = TRY(ReadRecord(cluster.folder));
  const ContainerEngine engine = TRY(EngineOf(record));
  KindCli cli(options_.kind(), engine);
  return LoadNamed(engine, cli, record.cluster, names, until);
}

Result<> KindProvider::ExportLogs(const Cluster& cluster, const fs::path& folder,
                                  const Until& until) {
  const Record record = TRY(ReadRecord(cluster.folder));
  const ContainerEngine engine = TRY(EngineOf(record));
  KindCli cli(options_.kind(), engine);
  TRY(cli.ExportLogs(cluster.name, folder, until));
  std::error_code problem;
  fs::copy(cluster.logs, folder / "seatrial", fs::copy_options::recursive, problem);
  if (problem) return sys::SystemError(problem.value(), "copying " + cluster.logs.string());
  return base::Ok();
}

Result<sys::Command> KindProvider::Wrap(const Cluster& cluster, Inside inside,
                                        sys::Command command) {
  // Its API server answers on this machine, so this network will do; Services are inside only.
  if (inside == Inside::kNetwork) return command;
  const Record record = TRY(ReadRecord(cluster.folder));
  const ContainerEngine engine = TRY(EngineOf(record));
  std::vector<std::string> argv = {engine.name};
  if (engine.ours) argv.insert(argv.end(), {"--host", engine.ours->Host()});
  argv.insert(argv.end(), {"exec", "--interactive", cluster.node_name});
  argv.insert(argv.end(), command.argv.begin(), command.argv.end());
  command.argv = std::move(argv);
  return command;
}

Result<ClusterStatus::Component> KindProvider::Inject(const Cluster& cluster,
                                                      const std::string& name, Fault,
                                                      const Until&) {
  return Fail(Code::kInvalid,
              "cluster {0} is one of kind: faults are for native ones; in a node of kind "
              "`docker exec {1} systemctl kill {2}` and `docker pause {1}` do such things",
              cluster.name, cluster.node_name, name);
}

}  // namespace kind

std::unique_ptr<Provider> MakeKindProvider(KindOptions options, base::Clock& clock) {
  return std::make_unique<kind::KindProvider>(std::move(options), clock);
}

}  // namespace cluster
