#include "cluster/native/components.h"

#include "value/json.h"

namespace cluster::native {

using value::Json;

namespace {

std::map<std::string, std::string> BaseEnvironment(const NodeSpec& node) {
  return {
      {"PATH", node.bin.string() + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
      {"HOME", "/root"}};
}

Component Make(const NodeSpec& node, std::string name, const std::string& program,
               std::vector<std::string> arguments) {
  Component component{std::move(name), {(node.bin / program).string()}, BaseEnvironment(node)};
  component.argv.insert(component.argv.end(), arguments.begin(), arguments.end());
  return component;
}

std::string Flag(const std::string& name, const std::string& value) {
  return "--" + name + "=" + value;
}

// The flags that controller-manager and scheduler share.
std::vector<std::string> ManagerFlags(const NodeSpec& node, const std::string& user) {
  const std::string kubeconfig = node.layout.Config(user + ".kubeconfig");
  return {Flag("kubeconfig", kubeconfig),
          Flag("authentication-kubeconfig", kubeconfig),
          Flag("authorization-kubeconfig", kubeconfig),
          Flag("leader-elect", "false"),
          Flag("bind-address", "127.0.0.1"),
          Flag("tls-cert-file", node.layout.Pki("node.crt")),
          Flag("tls-private-key-file", node.layout.Pki("node.key")),
          Flag("profiling", "false")};
}

std::string ContainerdConfig(const NodeSpec& node) {
  return fmt::format(
      R"(version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.erofs", "io.containerd.nri.v1.nri", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
  address = "{socket}"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "localhost/pause:1"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["{bin}/cni", "{bin}", "/opt/cni/bin"]
  conf_dir = "/etc/cni/net.d"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  BinaryName = "{bin}/runc"
  SystemdCgroup = false
)",
      fmt::arg("socket", node.layout.ContainerdSocket().string()),
      fmt::arg("bin", node.bin.string()));
}

// https://www.cni.dev/plugins/current/main/bridge/
std::string CniConfig(const NodeSpec& node) {
  const Json bridge{{"type", "bridge"},
                    {"bridge", "cni0"},
                    {"isGateway", true},
                    {"ipMasq", false},
                    {"hairpinMode", true},
                    {"ipam",
                     {{"type", "host-local"},
                      {"ranges", {{{{"subnet", node.addresses.node_pod_range}}}}},
                      {"routes", {{{"dst", "0.0.0.0/0"}}}}}}};
  const Json ports{{"type", "portmap"}, {"capabilities", {{"portMappings", true}}}};
  return Json{{"cniVersion", "1.0.0"}, {"name", "seatrial"}, {"plugins", {bridge, ports}}}.dump(2);
}

// https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/
std::string KubeletConfig(const NodeSpec& node) {
  const Layout& layout = node.layout;
  return Json{
      {"apiVersion", "kubelet.config.k8s.io/v1beta1"},
      {"kind", "KubeletConfiguration"},
      {"containerRuntimeEndpoint", "unix://" + layout.ContainerdSocket().string()},
      {"cgroupDriver", "cgroupfs"},
      {"cgroupRoot", "/" + node.cgroup},
      {"failCgroupV1", false},
      {"failSwapOn", false},
      {"localStorageCapacityIsolation", node.measure_storage},
      {"authentication",
       {{"anonymous", {{"enabled", false}}},
        {"webhook", {{"enabled", true}}},
        {"x509", {{"clientCAFile", layout.Pki("ca.crt").string()}}}}},
      {"authorization", {{"mode", "Webhook"}}},
      {"tlsCertFile", layout.Pki("node.crt").string()},
      {"tlsPrivateKeyFile", layout.Pki("node.key").string()},
      {"clusterDNS", {node.addresses.dns_service}},
      {"clusterDomain", "cluster.local"},
      {"resolvConf", layout.ResolvConf().string()},
      // The disk is the machine's: its being full is not this node's affair.
      {"evictionHard",
       {{"memory.available", "0%"},
        {"nodefs.available", "0%"},
        {"imagefs.available", "0%"},
        {"nodefs.inodesFree", "0%"}}},
      {"imageGCHighThresholdPercent", 100},
      {"imageGCLowThresholdPercent", 99},
      // Tests come in bursts.
      {"registryPullQPS", 0},
      {"serializeImagePulls", false},
      {"eventRecordQPS", 0},
      {"kubeAPIQPS", 500},
      {"kubeAPIBurst", 1000},
      {"maxOpenFiles", 20000},
      // The default lies in /usr/libexec, where the kubelet would make it on the machine.
      {"volumePluginDir", "/var/lib/kubelet/volume-plugins"},
  }
      .dump(2);
}

// https://kubernetes.io/docs/reference/config-api/kube-proxy-config.v1alpha1/
std::string ProxyConfig(const NodeSpec& node) {
  return Json{
      {"apiVersion", "kubeproxy.config.k8s.io/v1alpha1"},
      {"kind", "KubeProxyConfiguration"},
      {"clientConnection", {{"kubeconfig", node.layout.Config("proxy.kubeconfig").string()}}},
      {"clusterCIDR", node.addresses.pod_range},
      {"hostnameOverride", node.node_name},
      {"mode", "iptables"},
      // Zero: leave alone. The maximum is global to the machine.
      {"conntrack",
       {{"maxPerCore", 0},
        {"min", 0},
        {"tcpEstablishedTimeout", "0s"},
        {"tcpCloseWaitTimeout", "0s"}}},
      {"iptables", {{"minSyncPeriod", "0s"}, {"localhostNodePorts", false}}},
  }
      .dump(2);
}

// All but the cluster's zones: there is no such name, at once. Without this a resolver would ask
// again and again.
std::string Corefile(const NodeSpec& node) {
  return fmt::format(
      R"(cluster.local:53 in-addr.arpa:53 ip6.arpa:53 {{
  bind {bridge}
  errors
  kubernetes cluster.local in-addr.arpa ip6.arpa {{
    kubeconfig {kubeconfig}
    pods insecure
    ttl 5
  }}
  cache 5
}}
.:53 {{
  bind {bridge}
  errors
  template ANY ANY {{
    rcode NXDOMAIN
  }}
}}
)",
      fmt::arg("bridge", node.addresses.bridge),
      fmt::arg("kubeconfig", node.layout.Config("coredns.kubeconfig").string()));
}

// Every request once, when it has been answered (a watch: when it has begun, and when it ended).
// https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/
std::string AuditPolicy() {
  const Json all{{"level", "Metadata"}};
  return Json{{"apiVersion", "audit.k8s.io/v1"},
              {"kind", "Policy"},
              {"omitStages", Json::array({"RequestReceived"})},
              {"rules", Json::array({all})}}
      .dump(2);
}

std::string NetworkBatch(const NodeSpec& node) {
  const Addresses& addresses = node.addresses;
  // Service addresses need a route of any kind for the firewall's output rules to see them. All
  // else has none: a connection to the outside fails at once instead of after minutes.
  return fmt::format(
      "link set lo up\n"
      "address add {node}/32 dev lo\n"
      "link add cni0 type bridge\n"
      "address add {bridge}/{bits} dev cni0\n"
      "link set cni0 up\n"
      "route add {services} dev lo src {node}\n"
      "route add unreachable default\n",
      fmt::arg("node", addresses.node), fmt::arg("bridge", addresses.bridge),
      fmt::arg("bits", addresses.bridge_bits), fmt::arg("services", addresses.service_range));
}

}  // namespace

Component Network(const NodeSpec& node) {
  return {"network",
          {"ip", "-force", "-batch", node.layout.Config("network").string()},
          BaseEnvironment(node),
          true};
}

Component Relay(const NodeSpec& node) {
  // The init's own program: PID 1 knows where it is whatever has become of its file.
  return {"relay",
          {"/proc/self/exe", "capsule-relay", std::to_string(node.addresses.api_port)},
          BaseEnvironment(node)};
}

// https://etcd.io/docs/v3.6/op-guide/configuration/
Component Etcd(const NodeSpec& node) {
  const std::string client = "http://127.0.0.1:2379";
  const std::string peer = "http://127.0.0.1:2380";
  return Make(node, "etcd", "etcd",
              {Flag("name", "n0"), Flag("data-dir", node.layout.Data("etcd")),
               Flag("listen-client-urls", client), Flag("advertise-client-urls", client),
               Flag("listen-peer-urls", peer), Flag("initial-advertise-peer-urls", peer),
               Flag("initial-cluster", "n0=" + peer),
               // The data does not outlive the cluster: nothing is worth waiting for the disk.
               "--unsafe-no-fsync", Flag("log-level", "warn")});
}

// https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
Component ApiServer(const NodeSpec& node) {
  const Layout& layout = node.layout;
  Component component =
      Make(node, "apiserver", "kube-apiserver",
           {Flag("etcd-servers", "http://127.0.0.1:2379"),
            Flag("service-cluster-ip-range", node.addresses.service_range),
            Flag("service-account-issuer", "https://kubernetes.default.svc.cluster.local"),
            Flag("service-account-key-file", layout.Pki("sa.pub")),
            Flag("service-account-signing-key-file", layout.Pki("sa.key")),
            Flag("advertise-address", node.addresses.node), Flag("bind-address", "0.0.0.0"),
            Flag("secure-port", std::to_string(node.addresses.api_port)),
            Flag("tls-cert-file", layout.Pki("apiserver.crt")),
            Flag("tls-private-key-file", layout.Pki("apiserver.key")),
            Flag("client-ca-file", layout.Pki("ca.crt")), Flag("authorization-mode", "Node,RBAC"),
            Flag("enable-admission-plugins", "NodeRestriction"), Flag("allow-privileged", "true"),
            Flag("kubelet-client-certificate", layout.Pki("kubelet-client.crt")),
            Flag("kubelet-client-key", layout.Pki("kubelet-client.key")),
            Flag("kubelet-certificate-authority", layout.Pki("ca.crt")),
            Flag("kubelet-preferred-address-types", "InternalIP"),
            // Webhooks are called at their Pods' addresses: no waiting for kube-proxy.
            Flag("enable-aggregator-routing", "true"),
            Flag("requestheader-client-ca-file", layout.Pki("front-proxy-ca.crt")),
            Flag("requestheader-allowed-names", "front-proxy-client"),
            Flag("requestheader-extra-headers-prefix", "X-Remote-Extra-"),
            Flag("requestheader-group-headers", "X-Remote-Group"),
            Flag("requestheader-username-headers", "X-Remote-User"),
            Flag("proxy-client-cert-file", layout.Pki("front-proxy-client.crt")),
            Flag("proxy-client-key-file", layout.Pki("front-proxy-client.key")),
            Flag("profiling", "false")});
  if (node.audit) {
    component.argv.push_back(Flag("audit-policy-file", layout.Config("audit-policy.json")));
    component.argv.push_back(Flag("audit-log-path", layout.Log("audit")));
  }
  return component;
}

// https://kubernetes.io/docs/reference/command-line-tools-reference/kube-controller-manager/
Component ControllerManager(const NodeSpec& node) {
  Component component = Make(node, "controller-manager", "kube-controller-manager",
                             ManagerFlags(node, "controller-manager"));
  const Layout& layout = node.layout;
  for (const std::string& flag :
       {Flag("service-account-private-key-file", layout.Pki("sa.key")),
        Flag("root-ca-file", layout.Pki("ca.crt")),
        Flag("cluster-signing-cert-file", layout.Pki("ca.crt")),
        Flag("cluster-signing-key-file", layout.Pki("ca.key")),
        Flag("use-service-account-credentials", "true"),
        Flag("enable-hostpath-provisioner", "true"),
        Flag("flex-volume-plugin-dir", "/var/lib/kubelet/volume-plugins"),
        Flag("allocate-node-cidrs", "true"), Flag("cluster-cidr", node.addresses.pod_range),
        Flag("service-cluster-ip-range", node.addresses.service_range),
        // Suites make and delete namespaces by the dozen.
        Flag("kube-api-qps", "1000"), Flag("kube-api-burst", "1000"),
        Flag("concurrent-namespace-syncs", "50")})
    component.argv.push_back(flag);
  return component;
}

Component Scheduler(const NodeSpec& node) {
  Component component = Make(node, "scheduler", "kube-scheduler", ManagerFlags(node, "scheduler"));
  component.argv.push_back(Flag("kube-api-qps", "1000"));
  component.argv.push_back(Flag("kube-api-burst", "1000"));
  return component;
}

Component Containerd(const NodeSpec& node) {
  return Make(node, "containerd", "containerd",
              {"--config", node.layout.Config("containerd.toml"), "--log-level", "info"});
}

Component Kubelet(const NodeSpec& node) {
  return Make(node, "kubelet", "kubelet",
              {Flag("config", node.layout.Config("kubelet.json")),
               Flag("kubeconfig", node.layout.Config("kubelet.kubeconfig")),
               Flag("hostname-override", node.node_name), Flag("node-ip", node.addresses.node)});
}

Component Proxy(const NodeSpec& node) {
  return Make(node, "proxy", "kube-proxy", {Flag("config", node.layout.Config("proxy.json"))});
}

Component CoreDns(const NodeSpec& node) {
  return Make(node, "coredns", "coredns", {"-conf", node.layout.Config("Corefile")});
}

std::vector<ConfigFile> ConfigFiles(const NodeSpec& node) {
  const Layout& layout = node.layout;
  std::vector<ConfigFile> files = {
      {layout.Config("network"), NetworkBatch(node)},
      {layout.Config("containerd.toml"), ContainerdConfig(node)},
      {layout.Data("cni-config") / "net.d" / "10-seatrial.conflist", CniConfig(node)},
      {layout.Config("kubelet.json"), KubeletConfig(node)},
      {layout.Config("proxy.json"), ProxyConfig(node)},
      {layout.Config("Corefile"), Corefile(node)},
      {layout.ResolvConf(), fmt::format("search default.svc.cluster.local svc.cluster.local "
                                        "cluster.local\nnameserver {}\noptions ndots:5\n",
                                        node.addresses.dns_service)},
  };
  if (node.audit) files.push_back({layout.Config("audit-policy.json"), AuditPolicy()});
  return files;
}

std::map<std::string, std::string> GlobalSysctls() {
  return {{"vm/overcommit_memory", "1"},
          {"vm/panic_on_oom", "0"},
          {"kernel/panic", "10"},
          {"kernel/panic_on_oops", "1"},
          {"kernel/keys/root_maxkeys", "1000000"},
          {"kernel/keys/root_maxbytes", "25000000"}};
}

std::map<std::string, std::string> NetworkSysctls() {
  return {{"net/ipv4/ip_forward", "1"}, {"net/bridge/bridge-nf-call-iptables", "1"}};
}

}  // namespace cluster::native
