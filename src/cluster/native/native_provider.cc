#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/guarded.h"
#include "base/text.h"
#include "cluster/description.h"
#include "cluster/images/assemble.h"
#include "cluster/images/load.h"
#include "cluster/native/bring_up.h"
#include "cluster/native/cgroups.h"
#include "cluster/native/enter.h"
#include "cluster/native/faults.h"
#include "cluster/provider.h"
#include "sys/error.h"
#include "sys/files.h"

namespace cluster {

namespace native {

namespace fs = std::filesystem;
using base::Code;
using base::Fail;
using base::Result;
using base::Until;
using value::Json;

namespace {

constexpr base::Duration kEndTime = std::chrono::seconds(20);

struct Listener {
  sys::Fd fd;
  int port = 0;
};

// The API server's address on this machine; the node accepts on it.
Result<Listener> Listen(int port) {
  Listener listener{sys::Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
  if (!listener.fd.valid()) return sys::SystemError(errno, "a socket");
  const int on = 1;
  setsockopt(listener.fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener.fd.get(), generic, size) != 0 || listen(listener.fd.get(), 512) != 0) {
    if (errno == EADDRINUSE)
      return Fail(Code::kExists,
                  "port {} of 127.0.0.1 is in use by another program: give another with --api-port "
                  "(0 takes any free one)",
                  port);
    return sys::SystemError(errno, fmt::format("port {} of 127.0.0.1", port));
  }
  if (getsockname(listener.fd.get(), generic, &size) != 0)
    return sys::SystemError(errno, "a socket");
  listener.port = ntohs(address.sin_port);
  return listener;
}

Result<> CheckPrograms(const ClusterSpec& spec) {
  if (spec.kubernetes_bin.empty())
    return Fail(Code::kNotFound,
                "there are no Kubernetes programs: run `make kubernetes` to build them, or name "
                "their folder with --kubernetes-bin or SEATRIAL_KUBERNETES_BIN");
  std::vector<std::string> needed = {"etcd", "kube-apiserver"};
  if (spec.level >= Level::kNode)
    needed.insert(needed.end(), {"kube-controller-manager", "kube-scheduler", "kubelet",
                                 "kube-proxy", "containerd", "ctr", "runc"});
  if (spec.level >= Level::kDns) needed.push_back("coredns");
  std::vector<std::string> missing;
  for (const std::string& name : needed)
    if (!fs::exists(spec.kubernetes_bin / name)) missing.push_back(name);
  if (!missing.empty())
    return Fail(Code::kNotFound,
                "{}: no {} in it; run `make kubernetes` to build the Kubernetes programs, or name "
                "their folder with --kubernetes-bin",
                spec.kubernetes_bin.string(), base::Join(missing, ", "));
  constexpr char kPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  for (const auto& [program, package] :
       {std::pair("ip", "iproute2"), std::pair("iptables", "iptables")}) {
    if (!sys::FindProgram(program, kPath).ok())
      return Fail(Code::kNotFound, "this machine has no `{}`: run `apt-get install {}`", program,
                  package);
  }
  for (const fs::path& image : spec.images)
    if (!fs::exists(image))
      return Fail(Code::kNotFound, "{}: no such image archive", image.string());
  return base::Ok();
}

// File systems on which the kubelet can tell which disk it is on.
bool MeasuresStorage(const fs::path& folder) {
  struct statfs info {};
  if (statfs(folder.c_str(), &info) != 0) return false;
  constexpr long kExt4 = 0xef53;
  constexpr long kXfs = 0x58465342;
  return info.f_type == kExt4 || info.f_type == kXfs;
}

// As the init wrote them last.
std::vector<ClusterStatus::Component> ReadComponents(const Layout& layout) {
  const auto text = sys::ReadFile(layout.Components());
  const Json json = text.ok() ? Json::parse(*text, nullptr, false) : Json(Json::array());
  std::vector<ClusterStatus::Component> components;
  for (const Json& entry : json.is_array() ? json : Json::array()) {
    if (IsTrue(entry, "once")) continue;
    components.push_back({value::FindString(entry, {"name"}), NumberOr0(entry, "pid"),
                          NumberOr0(entry, "restarts"), value::FindString(entry, {"lastExit"})});
  }
  return components;
}

}  // namespace

class NativeProvider final : public Provider {
 public:
  NativeProvider(NativeOptions options, base::Clock& clock)
      : options_(std::move(options)), state_(options_.state_dir), clock_(clock) {}

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
  struct Attempt {
    Capsule capsule;
    Channel channel;
    Listener listener;
  };

  Result<Cluster> Launch(const ClusterSpec& spec, int lock, Attempt& attempt, base::Instant begin,
                         const Progress& progress, const Until& until);
  // Writes the sandbox image's archive.
  Result<fs::path> MakePause(const Layout& layout, const Until& until);
  // Removes what a cluster that does not run has left; its lock is held by the caller.
  Result<> Remove(const std::string& name, const Until& until);
  // The init of a cluster that runs, sure to be no other process.
  Result<sys::Fd> OpenInit(const std::string& name);

  const NativeOptions options_;
  const StateDir state_;
  base::Clock& clock_;
  // Life-lines of clusters that end with this process.
  base::Guarded<std::vector<sys::Fd>> tied_;
};

Result<Cluster> NativeProvider::Up(const ClusterSpec& spec, const Progress& progress,
                                   const Until& until) {
  const base::Instant begin = clock_.Now();
  TRY(CheckClusterName(spec.name));
  if (geteuid() != 0)
    return base::Error(Code::kDenied,
                       "a native cluster needs root (it makes namespaces and mounts): run it as "
                       "root, or with sudo");
  TRY(CheckPrograms(spec));
  TRY(Sweep(until));
  auto lock = state_.Lock(spec.name);
  if (lock.Is(Code::kExists))
    return Fail(Code::kExists,
                "cluster {0} is up already: `seatrial down --name {0}` ends it, `--name` gives the "
                "new one another name",
                spec.name);
  if (!lock.ok()) return std::move(lock).error();
  TRY(Remove(spec.name, until));

  Attempt attempt;
  auto cluster = Launch(spec, lock->get(), attempt, begin, progress, until);
  if (cluster.ok()) {
    if (spec.tied) tied_.With([&](auto& tied) { tied.push_back(std::move(attempt.channel.ours)); });
    return cluster;
  }
  const Until end = Until::After(clock_, kEndTime);
  if (attempt.capsule.pidfd.valid()) {
    TRY(EndCapsule(attempt.capsule.pidfd.get(), end).During(cluster.error().message()));
  }
  TRY(Remove(spec.name, end).During(cluster.error().message()));
  state_.Forget(spec.name, std::move(*lock));
  return cluster;
}

Result<Cluster> NativeProvider::Launch(const ClusterSpec& spec, int lock, Attempt& attempt,
                                       base::Instant begin, const Progress& progress,
                                       const Until& until) {
  NodeSpec node;
  node.layout = state_.Of(spec.name);
  node.bin = fs::canonical(spec.kubernetes_bin);
  node.node_name = spec.name + "-node";
  node.cgroup = state_.Cgroup(spec.name);
  TRY(sys::MakeDirs(node.layout.folder / "logs", 0700));
  node.measure_storage = MeasuresStorage(node.layout.folder);
  node.audit = spec.audit;
  attempt.listener = TRY(Listen(spec.api_port));
  if (spec.level >= Level::kNode)
    TRY(MakeCgroups(Hierarchies(TRY(sys::ReadMounts())), node.cgroup));

  attempt.channel = TRY(MakeChannel());
  attempt.capsule = TRY(StartCapsule({options_.program, node.layout.folder, node.layout.Log("init"),
                                      attempt.channel.theirs.get(), lock}));
  attempt.channel.theirs.Reset();
  Cluster cluster;
  cluster.name = spec.name;
  cluster.level = spec.level;
  cluster.kubernetes_bin = node.bin;
  cluster.node_name = node.node_name;
  cluster.api_port = attempt.listener.port;
  cluster.init_pid = attempt.capsule.pid;
  TRY(WriteRecord(node.layout, cluster));

  ClusterSpec complete = spec;
  if (spec.level >= Level::kNode) complete.images.push_back(TRY(MakePause(node.layout, until)));
  const BringUp plan{complete,
                     node,
                     attempt.capsule,
                     attempt.channel.ours.get(),
                     attempt.listener.fd.get(),
                     attempt.listener.port,
                     {node.layout.folder, node.bin},
                     begin,
                     progress};
  Started started = TRY(RunBringUp(plan, until).During("starting cluster " + spec.name));
  cluster.start_table = std::move(started.table);
  cluster.kubernetes_version = std::move(started.version);
  TRY(WriteRecord(node.layout, cluster));
  return ReadRecord(node.layout);
}

Result<fs::path> NativeProvider::MakePause(const Layout& layout, const Until& until) {
  images::ImageSpec image;
  image.repository = "localhost/pause";
  image.tag = "1";
  image.program = "pause";
  const fs::path beside = options_.program.parent_path();
  const std::vector<fs::path> folders = {beside, beside.parent_path() / "libexec" / "seatrial"};
  const auto made = TRY(images::Assemble(image, folders, until)
                            .During("the sandbox image (`make build` builds its program)"));
  const fs::path archive = layout.folder / "images" / "pause.tar";
  TRY(WriteNew(archive, made.archive));
  return archive;
}

Result<> NativeProvider::Remove(const std::string& name, const Until& until) {
  TRY(RemoveCgroups(Hierarchies(TRY(sys::ReadMounts())), state_.Cgroup(name), until));
  const fs::path folder = state_.Of(name).folder;
  std::error_code problem;
  fs::remove_all(folder, problem);
  if (problem) return sys::SystemError(problem.value(), "removing " + folder.string());
  return base::Ok();
}

Result<sys::Fd> NativeProvider::OpenInit(const std::string& name) {
  const Cluster cluster = TRY(ReadRecord(state_.Of(name)));
  sys::Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, cluster.init_pid, 0)));
  // Numbers are used again: it must also be an init, of this very folder.
  const auto words = sys::ReadFile(fmt::format("/proc/{}/cmdline", cluster.init_pid));
  const std::string ending = std::string("capsule-init") + '\0' + cluster.folder.string() + '\0';
  if (!pidfd.valid() || !words.ok() || !words->ends_with(ending) || !state_.Locked(name))
    return Fail(Code::kNotFound, "cluster {}: its node has ended", name);
  return pidfd;
}

Result<> NativeProvider::Down(const std::string& name, const Until& until) {
  TRY(CheckClusterName(name));
  const std::vector<std::string> names = state_.Names();
  if (std::find(names.begin(), names.end(), name) == names.end())
    return Fail(Code::kNotFound, "there is no cluster {} in {}{}", name, state_.path().string(),
                base::DidYouMean(name, names));
  if (state_.Locked(name)) {
    auto init = OpenInit(name);
    if (init.ok()) TRY(EndCapsule(init->get(), until));
  }
  // Whoever was starting it cleans up as well: wait for the lock.
  Result<sys::Fd> lock = state_.Lock(name);
  while (lock.Is(Code::kExists) && until.Pause(std::chrono::milliseconds(10)))
    lock = state_.Lock(name);
  if (!lock.ok()) return std::move(lock).error();
  TRY(Remove(name, until));
  state_.Forget(name, std::move(*lock));
  return base::Ok();
}

Result<Cluster> NativeProvider::Find(const std::string& name) {
  TRY(CheckClusterName(name));
  const Layout layout = state_.Of(name);
  auto cluster = ReadRecord(layout);
  if (cluster.ok() && state_.Locked(name)) return cluster;
  return Fail(Code::kNotFound, "no cluster {} runs{}: `seatrial up --name {}` starts one", name,
              base::DidYouMean(name, state_.Names()), name);
}

Result<std::vector<ClusterStatus>> NativeProvider::List() {
  std::vector<ClusterStatus> list;
  for (const std::string& name : state_.Names()) {
    ClusterStatus status;
    const Layout layout = state_.Of(name);
    auto record = ReadRecord(layout);
    if (record.ok()) status.cluster = std::move(*record);
    status.cluster.name = name;
    status.running = state_.Locked(name);
    status.components = ReadComponents(layout);
    for (ClusterStatus::Component& component : status.components) {
      if (!status.running || component.pid == 0) continue;
      const auto service = FindService(status.cluster.init_pid, component.pid);
      component.stopped = service.ok() && service->stopped;
    }
    list.push_back(std::move(status));
  }
  return list;
}

Result<std::vector<std::string>> NativeProvider::Sweep(const Until& until) {
  std::vector<std::string> swept;
  for (const std::string& name : state_.Names()) {
    auto lock = state_.Lock(name);
    if (lock.Is(Code::kExists)) continue;
    if (!lock.ok()) return std::move(lock).error();
    TRY(Remove(name, until));
    state_.Forget(name, std::move(*lock));
    swept.push_back(name);
  }
  return swept;
}

Result<> NativeProvider::Load(const Cluster& cluster, const std::vector<fs::path>& archives,
                              const Loaded& done, const Until& until) {
  if (cluster.level == Level::kApi)
    return Fail(Code::kInvalid,
                "cluster {0} has no node to load images into: `seatrial down --name {0}`, then "
                "`seatrial up --name {0} --level node`",
                cluster.name);
  return images::LoadArchives({cluster.kubernetes_bin / "ctr", cluster.containerd_socket}, archives,
                              done, until);
}

Result<> NativeProvider::LoadFromEngine(const Cluster& cluster, const std::vector<std::string>&,
                                        const Until&) {
  return Fail(Code::kInvalid,
              "cluster {0} is native and lives in no container engine: `seatrial load --name {0}` "
              "takes OCI archives",
              cluster.name);
}

Result<> NativeProvider::ExportLogs(const Cluster& cluster, const fs::path& folder, const Until&) {
  TRY(sys::MakeDirs(folder));
  for (const auto& [from, to] :
       {std::pair(cluster.logs, folder / "components"),
        std::pair(Layout{cluster.folder}.Data("pod-logs"), folder / "pods")}) {
    std::error_code problem;
    if (!fs::exists(from)) continue;  // a cluster without a node has no Pods
    fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::copy_symlinks, problem);
    if (problem) return sys::SystemError(problem.value(), "copying " + from.string());
  }
  return base::Ok();
}

Result<sys::Command> NativeProvider::Wrap(const Cluster& cluster, Inside inside,
                                          sys::Command command) {
  TRY(OpenInit(cluster.name));
  command.argv = EnterCommand(options_.program, cluster, inside, command.argv);
  return command;
}

Result<ClusterStatus::Component> NativeProvider::Inject(const Cluster& cluster,
                                                        const std::string& name, Fault fault,
                                                        const Until& until) {
  const sys::Fd init = TRY(OpenInit(cluster.name));
  const std::string wanted = name.starts_with("kube-") ? name.substr(5) : name;
  std::vector<std::string> names;
  for (ClusterStatus::Component& component : ReadComponents(state_.Of(cluster.name))) {
    names.push_back(component.name);
    if (component.name != wanted) continue;
    const auto service = component.pid == 0
                             ? Result<ServiceProcess>(base::Error(Code::kNotFound, ""))
                             : FindService(cluster.init_pid, component.pid);
    if (!service.ok())
      return Fail(Code::kUnavailable,
                  "{} of cluster {} does not run just now ({}); it is started again: see "
                  "`seatrial fault list --name {}`",
                  component.name, cluster.name, component.last_exit, cluster.name);
    component.stopped = service->stopped;
    TRY(InjectFault(*service, fault, until).During(component.name));
    return component;
  }
  return Fail(Code::kNotFound, "cluster {} has no component {}{}; it has {}", cluster.name, name,
              base::DidYouMean(wanted, names), base::Join(names, ", "));
}

}  // namespace native

std::unique_ptr<Provider> MakeNativeProvider(NativeOptions options, base::Clock& clock) {
  return std::make_unique<native::NativeProvider>(std::move(options), clock);
}

}  // namespace cluster
