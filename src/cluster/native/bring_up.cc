#include "cluster/native/bring_up.h"

#include "cluster/native/api_probe.h"
#include "cluster/native/node_probe.h"
#include "cluster/native/pki.h"
#include "cluster/native/starter.h"
#include "sys/process.h"

namespace cluster::native {

using base::Result;
using base::Until;
using value::Json;

namespace {

constexpr char kRolesReady[] = "/readyz/poststarthook/rbac/bootstrap-roles";

Json BootMessage(const BringUp& plan) {
  Json keep = Json::array();
  for (const std::filesystem::path& path : plan.keep) keep.push_back(path.string());
  return {{"do", "boot"},
          {"folder", plan.node.layout.folder.string()},
          {"hostName", plan.node.node_name},
          {"keep", keep},
          {"globalSysctls", GlobalSysctls()},
          {"networkSysctls", NetworkSysctls()}};
}

// The start of one cluster while it happens. Waits run on threads of the starter; the order in
// which Go() and the functions that it names mention things is the order of the start.
class Start {
 public:
  Start(const BringUp& plan, kube::ClusterAccess access, Starter& starter, const Until& until)
      : plan_(plan), node_(plan.node), starter_(starter), until_(until), api_(std::move(access)) {}

  Result<> Go() {
    TRY(starter_.Start(Network(node_)));
    TRY(starter_.Start(Etcd(node_)));
    TRY(starter_.Start(ApiServer(node_)));
    TRY(starter_.Start(Relay(node_), {plan_.listener}));
    if (Wants(Level::kNode)) TRY(starter_.Start(Containerd(node_)));

    Wait("network", [this](const Until& until) { return starter_.AwaitEnd("network", until); });
    Wait("etcd", [this](const Until& until) { return AwaitPort(Node(), 2379, until); });
    Wait("relay", [this](const Until& until) { return WhenApiAnswers(until); });
    Wait("apiserver", [this](const Until& until) { return api_.AwaitOk("/readyz", until); });
    if (Wants(Level::kNode)) {
      Wait("containerd", [this](const Until& until) { return WhenContainerdAnswers(until); });
      Run("roles", [this](const Until& until) { return WhenRolesExist(until); });
    }
    return base::Ok();
  }

  const std::string& version() const { return version_; }

 private:
  using Body = std::function<Result<>(const Until&)>;

  bool Wants(Level level) const { return plan_.spec.level >= level; }
  int Node() const { return plan_.capsule.pidfd.get(); }

  void Run(const std::string& name, Body body) { starter_.Run("up/" + name, until_, body); }

  // The component called `name` is ready when `body` succeeds.
  void Wait(const std::string& name, Body body) {
    Run(name, [this, name, body](const Until& until) -> Result<> {
      TRY(body(until).During(name));
      starter_.Ready(name);
      return base::Ok();
    });
  }

  // System:masters may do everything from the first answer on, before roles exist.
  Result<> WhenApiAnswers(const Until& until) {
    TRY(api_.AwaitOk("/version", until));
    if (Wants(Level::kNode)) {
      TRY(starter_.Start(Kubelet(node_)));
      Wait("kubelet", [this](const Until& rest) { return AwaitNode(rest); });
      Run("objects", [this](const Until& rest) { return CreateObjects(rest); });
    }
    version_ = TRY(api_.Version(until));
    return base::Ok();
  }

  Result<> WhenContainerdAnswers(const Until& until) {
    TRY(AwaitSocket(node_.layout.ContainerdSocket(), until));
    for (const std::filesystem::path& archive : plan_.spec.images) {
      Run("images", [this, archive](const Until& rest) { return Import(archive, rest); });
    }
    return base::Ok();
  }

  // Before that these are denied everything; the controller-manager then ends, the others wait
  // ever longer.
  Result<> WhenRolesExist(const Until& until) {
    TRY(api_.AwaitOk(kRolesReady, until));
    TRY(starter_.Start(ControllerManager(node_)));
    TRY(starter_.Start(Proxy(node_)));
    TRY(starter_.Start(Scheduler(node_)));
    Wait("controller-manager", [this](const Until& rest) { return AwaitServiceAccount(rest); });
    Wait("proxy", [this](const Until& rest) { return AwaitPort(Node(), 10256, rest); });
    Wait("scheduler", [this](const Until& rest) { return AwaitPort(Node(), 10259, rest); });
    if (Wants(Level::kDns)) {
      TRY(starter_.Start(CoreDns(node_)));
      Wait("coredns", [this](const Until& rest) {
        return AwaitName(Node(), node_.addresses.dns_service,
                         "kubernetes.default.svc.cluster.local", node_.addresses.first_service,
                         rest);
      });
    }
    return base::Ok();
  }

  Result<> CreateObjects(const Until& until) {
    std::vector<BootObject> objects = AccessObjects();
    const auto add = [&objects](std::vector<BootObject> more) {
      for (BootObject& object : more) objects.push_back(std::move(object));
    };
    if (Wants(Level::kDns)) add(DnsObjects(node_.addresses));
    if (Wants(Level::kFull)) add(StorageObjects());
    for (const BootObject& object : objects) TRY(api_.Create(object, until));
    return base::Ok();
  }

  Result<> AwaitNode(const Until& until) {
    return api_.AwaitObject(
        {"", "v1", "Node"}, {"", node_.node_name},
        [](const kube::Object& object) { return object.Condition("Ready") == "True"; }, until);
  }

  // Without it no Pod can be made in the namespace default.
  Result<> AwaitServiceAccount(const Until& until) {
    return api_.AwaitObject(
        {"", "v1", "ServiceAccount"}, {"default", "default"},
        [](const kube::Object&) { return true; }, until);
  }

  Result<> Import(const std::filesystem::path& archive, const Until& until) {
    sys::Command command;
    command.argv = {(node_.bin / "ctr").string(),
                    "--address",
                    node_.layout.ContainerdSocket().string(),
                    "--namespace",
                    "k8s.io",
                    "images",
                    "import",
                    "--local",
                    archive.string()};
    const auto imported = sys::RunOrFail(std::move(command), until);
    if (!imported.ok()) return base::Error(imported.error()).During("loading " + archive.string());
    return base::Ok();
  }

  const BringUp& plan_;
  const NodeSpec& node_;
  Starter& starter_;
  const Until until_;  // of RunBringUp, which outlives this
  ApiProbe api_;
  std::string version_;  // written by one wait, read after Finish
};

}  // namespace

Result<Started> RunBringUp(const BringUp& plan, const Until& until) {
  const Layout& layout = plan.node.layout;
  for (const ConfigFile& file : ConfigFiles(plan.node)) TRY(WriteNew(file.path, file.content));
  Starter starter(plan.channel, layout, plan.begin, plan.progress, until.clock());
  TRY(starter.Send(BootMessage(plan)));
  // Meanwhile the init makes its mounts.
  const Addresses& addresses = plan.node.addresses;
  TRY(MakePki(
      layout,
      {plan.spec.name, plan.node.node_name, addresses.node, addresses.first_service, plan.api_port},
      until.clock().WallNow()));
  TRY(starter.AwaitBoot(until));

  Start start(plan, TRY(kube::LoadKubeconfig(layout.Kubeconfig())), starter, until);
  const auto gone = start.Go();
  // Also after a failure: nothing may use `start` any more when it goes.
  auto table = starter.Finish(until);
  if (!gone.ok()) return gone.error();
  if (!table.ok()) return std::move(table).error();
  TRY(starter.HandOver(plan.spec.tied, until));
  return Started{std::move(*table), start.version()};
}

}  // namespace cluster::native
