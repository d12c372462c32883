#pragma once

// cluster: real Kubernetes clusters that are ours to break. A Provider starts, finds and ends them;
// images/ fills their nodes. What tests see of a cluster is a kubeconfig; everything else here is
// for starting, looking inside and cleaning up.

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "sys/fd.h"
#include "sys/process.h"

namespace cluster {

namespace images {
struct LoadedImage;  // images/load.h
}

// Who makes a cluster.
enum class Backend {
  kNative,  // capsules on this machine, no container engine
  kKind,    // the kind program, in a container engine
  kAuto,    // native as root where no container engine answers, else kind
};
std::string_view ToString(Backend backend);
// kInvalid names the allowed words and the nearest one.
base::Result<Backend> ParseBackend(std::string_view word);

// How much must be there before Up returns.
enum class Level {
  kApi,   // etcd and kube-apiserver only; /readyz is ok
  kNode,  // and a node that is Ready and runs Pods (controller-manager, scheduler, kubelet, proxy)
  kDns,   // and names are answered at 10.96.0.10
  kFull,  // and the service account default/default and the StorageClass "standard" exist
};
std::string_view ToString(Level level);
// kInvalid names the allowed words and the nearest one.
base::Result<Level> ParseLevel(std::string_view word);

struct ClusterSpec {
  std::string name = "seatrial";  // a DNS label of at most 30 characters
  Level level = Level::kFull;
  // The folder of the Kubernetes programs: kube-apiserver, etcd, containerd, kubectl, helm, ...
  std::filesystem::path kubernetes_bin;
  int api_port = 0;  // on 127.0.0.1 of the host; 0: any free one
  // The API server notes every request, without bodies, in logs/audit.log: a JSON object a line.
  bool audit = false;
  // Archives (OCI or docker) that the node gets while it starts, besides the sandbox image.
  std::vector<std::filesystem::path> images;
  // True: the cluster ends when this process does, however that ends (`seatrial run`). False: it
  // stays once Up has returned.
  bool tied = false;

  Backend backend = Backend::kNative;
  // For kind alone: its configuration file, passed on as it is, and the image of its nodes, a name
  // or an archive for `docker load`; empty: chosen (kind/node_images.h).
  std::filesystem::path kind_config;
  std::string node_image;
};

// One row of the start table: when a component was started and when it was ready, both since Up was
// called. `ready` is absent where nothing waits for the component.
struct StartRow {
  std::string component;
  base::Duration started{};
  std::optional<base::Duration> ready;
};

// A cluster that runs, as its state folder describes it. A value; it ends by Down, not by
// destruction.
struct Cluster {
  std::string name;
  bool kind = false;  // made by kind: it has no init, and its containerd is reached by Load alone
  std::vector<std::string>
      nodes;  // of kind: names of the nodes' containers, the first is node_name
  Level level = Level::kFull;
  std::filesystem::path folder;             // its state: keys, logs, data; mode 0700
  std::filesystem::path kubeconfig;         // for the host: https://127.0.0.1:PORT, mode 0600
  std::filesystem::path inside_kubeconfig;  // for commands in the cluster's network
  std::filesystem::path kubernetes_bin;     // holds kubectl, helm, ctr: for the PATH of commands
  std::filesystem::path containerd_socket;  // reachable from the host by this path
  std::filesystem::path logs;               // COMPONENT.log of each component
  std::string node_name;
  int api_port = 0;
  pid_t init_pid = 0;  // PID 1 of the node, as the host numbers it; killing it is a power cut
  std::string kubernetes_version;  // of the API server: "v1.37.2"; empty until known
  std::vector<StartRow> start_table;
};

// What a cluster looks like from outside now.
struct ClusterStatus {
  Cluster cluster;
  bool running =
      false;  // false: remains of one that ended; the next Up, Down or Sweep removes them
  struct Component {
    std::string name;
    pid_t pid = 0;  // as the node numbers it; 0: not running
    int restarts = 0;
    std::string last_exit;  // why it was restarted last, or ""
    bool stopped = false;   // by Fault::kStop
  };
  std::vector<Component> components;
};

// Told of progress while Up runs, on the thread of Up. Both texts are for people.
struct Progress {
  std::function<void(const StartRow&)> ready = [](const StartRow&) {};
  // What was chosen on the way, and why.
  std::function<void(const std::string&)> note = [](const std::string&) {};
};

// What can be done to a component of a node.
enum class Fault {
  kKill,   // SIGKILL: it ends at once, and is started again as after any end
  kStop,   // SIGSTOP: it hangs: its connections stay open and nobody answers
  kStart,  // SIGCONT: after kStop it goes on
};

// Which namespaces of the node a command runs in.
enum class Inside {
  kNetwork,  // the cluster's network, the host's files: what `seatrial shell` gives
  kNode,     // all: the node's files, processes and network
};

// Thread-safe: state lives in the state folder, guarded by locks that the kernel drops with their
// owner.
class Provider {
 public:
  virtual ~Provider() = default;

  // Starts a cluster and waits for its level. kExists: one of this name runs, or the port is taken.
  // kDenied: not root. kNotFound: a program is missing. kInvalid: a bad spec. On any failure, and
  // when `until` is over, nothing is left behind;
  // the error tells the failing component and the last lines of its log. Remains of an earlier
  // cluster of this name are removed first.
  virtual base::Result<Cluster> Up(const ClusterSpec& spec, const Progress& progress,
                                   const base::Until& until) = 0;

  // Ends the cluster and removes all that it was. kNotFound when there is nothing of this name.
  virtual base::Result<> Down(const std::string& name, const base::Until& until) = 0;

  // The running cluster `name`. kNotFound says how to start one.
  virtual base::Result<Cluster> Find(const std::string& name) = 0;

  // All clusters of the state folder by name, remains included.
  virtual base::Result<std::vector<ClusterStatus>> List() = 0;

  // Removes the remains of clusters that have ended; returns their names.
  virtual base::Result<std::vector<std::string>> Sweep(const base::Until& until) = 0;

  // Told of each image that Load has dealt with.
  using Loaded = std::function<void(const images::LoadedImage&)>;

  // Makes the images of the OCI archives known to all nodes of the cluster; a node gets only what
  // it lacks. Errors as images::LoadArchives.
  virtual base::Result<> Load(const Cluster& cluster,
                              const std::vector<std::filesystem::path>& archives,
                              const Loaded& done, const base::Until& until) = 0;

  // Makes images of the container engine that the cluster lives in known to all its nodes, by the
  // names that the engine knows them by. kNotFound: the engine lacks one. kInvalid: the cluster is
  // native and lives in none.
  virtual base::Result<> LoadFromEngine(const Cluster& cluster,
                                        const std::vector<std::string>& names,
                                        const base::Until& until) = 0;

  // Copies the logs of components and Pods into `folder`, which is made.
  virtual base::Result<> ExportLogs(const Cluster& cluster, const std::filesystem::path& folder,
                                    const base::Until& until) = 0;

  // `command`, changed so that sys::Run or sys::Process::Start runs it inside the node. Input,
  // output and environment are the caller's; its program is looked up here when it runs in kNetwork
  // and in the node when in kNode. Exits with the command's status; 125 when the node is gone.
  virtual base::Result<sys::Command> Wrap(const Cluster& cluster, Inside inside,
                                          sys::Command command) = 0;

  // Does `fault` to the component `name` as it runs now ("etcd", "apiserver"; "kube-apiserver" is
  // the same) and returns it as it was. After kKill the process has ended. kNotFound names the
  // components that there are; kUnavailable: it does not run just now (it is being started again).
  virtual base::Result<ClusterStatus::Component> Inject(const Cluster& cluster,
                                                        const std::string& name, Fault fault,
                                                        const base::Until& until) = 0;
};

struct NativeOptions {
  std::filesystem::path state_dir = "/var/lib/seatrial";
  // The `seatrial` program: the node's init is this very program, started anew. The program `pause`
  // beside it, or in ../libexec/seatrial, becomes the sandbox image of all Pods.
  std::filesystem::path program;
};

// Upstream Kubernetes without Docker on this machine, each node in a capsule of namespaces
// (native/capsule.h). Needs Linux and root. `clock` must outlive the provider.
std::unique_ptr<Provider> MakeNativeProvider(NativeOptions options, base::Clock& clock);

struct KindOptions {
  std::filesystem::path state_dir = "/var/lib/seatrial";
  std::filesystem::path program;  // `seatrial`, as in NativeOptions
  // The kind program, and what `make kind-node-image` made; empty: there is none. Looked for when a
  // cluster of kind is at hand, not before. Both are set.
  std::function<std::filesystem::path()> kind;
  std::function<std::filesystem::path()> node_archive;
  std::map<std::string, std::string> environment;  // for kind and the engine's client
};

// Clusters of the kind program in Docker, Podman, nerdctl or the engine of `seatrial engine up`
// (kind/engines.h). Levels other than full and a chosen API port are refused: they are native's.
std::unique_ptr<Provider> MakeKindProvider(KindOptions options, base::Clock& clock);

// Both in one: Up by the spec's backend, everything else by where the cluster is. A name is used
// once, whoever made the cluster.
std::unique_ptr<Provider> MakeJointProvider(NativeOptions native, KindOptions kind,
                                            base::Clock& clock);

// kInvalid for a name that no provider takes.
base::Result<> CheckClusterName(const std::string& name);

}  // namespace cluster
