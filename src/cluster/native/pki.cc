#include "cluster/native/pki.h"

#include "net/certificates.h"

namespace cluster::native {

namespace {

// One who talks to the API server: its kubeconfig and its name (user and groups).
struct User {
  std::string file;
  std::string common_name;
  std::vector<std::string> organizations;
};

base::Result<> WritePair(const Layout& layout, const std::string& name, const net::KeyPair& pair) {
  TRY(WriteNew(layout.Pki(name + ".crt"), pair.certificate_pem));
  return WriteNew(layout.Pki(name + ".key"), pair.key_pem);
}

// All data inline: readable from any mount namespace, and a copy works anywhere.
std::string Kubeconfig(const std::string& cluster, const std::string& user,
                       const std::string& server, const net::KeyPair& authority,
                       const net::KeyPair& identity) {
  return fmt::format(
      "apiVersion: v1\nkind: Config\ncurrent-context: {0}\n"
      "clusters:\n- name: {0}\n  cluster:\n    server: {2}\n    certificate-authority-data: {3}\n"
      "users:\n- name: {1}\n  user:\n    client-certificate-data: {4}\n    client-key-data: {5}\n"
      "contexts:\n- name: {0}\n  context:\n    cluster: {0}\n    user: {1}\n",
      cluster, user, server, net::Base64Encode(authority.certificate_pem),
      net::Base64Encode(identity.certificate_pem), net::Base64Encode(identity.key_pem));
}

base::Result<> MakeServing(const Layout& layout, const PkiOptions& options,
                           const net::KeyPair& authority, base::WallTime now) {
  net::CertificateRequest api;
  api.common_name = "kube-apiserver";
  api.dns_names = {"kubernetes",
                   "kubernetes.default",
                   "kubernetes.default.svc",
                   "kubernetes.default.svc.cluster.local",
                   "localhost",
                   options.node_name};
  api.ip_addresses = {"127.0.0.1", options.node_ip, options.service_ip};
  TRY(WritePair(layout, "apiserver", TRY(net::IssueCertificate(authority, api, now))));

  // One for kubelet, controller-manager and scheduler: each would make an RSA key of its own.
  net::CertificateRequest node;
  node.common_name = options.node_name;
  node.dns_names = {options.node_name, "localhost"};
  node.ip_addresses = {options.node_ip, "127.0.0.1"};
  return WritePair(layout, "node", TRY(net::IssueCertificate(authority, node, now)));
}

base::Result<> MakeClients(const Layout& layout, const PkiOptions& options,
                           const net::KeyPair& authority, base::WallTime now) {
  const std::string inside = fmt::format("https://{}:6443", options.node_ip);
  const User users[] = {
      {"controller-manager", "system:kube-controller-manager", {}},
      {"scheduler", "system:kube-scheduler", {}},
      {"proxy", "system:kube-proxy", {}},
      {"kubelet", "system:node:" + options.node_name, {"system:nodes"}},
      {"coredns", "system:coredns", {}},
  };
  for (const User& user : users) {
    const net::KeyPair pair = TRY(net::IssueCertificate(
        authority, {user.common_name, user.organizations, {}, {}, true}, now));
    TRY(WriteNew(layout.Config(user.file + ".kubeconfig"),
                 Kubeconfig(options.cluster_name, user.common_name, inside, authority, pair)));
  }
  const std::string name = "seatrial-" + options.cluster_name;
  const net::KeyPair admin = TRY(
      net::IssueCertificate(authority, {"seatrial-admin", {"system:masters"}, {}, {}, true}, now));
  TRY(WriteNew(layout.InsideKubeconfig(), Kubeconfig(name, name, inside, authority, admin)));
  return WriteNew(layout.Kubeconfig(),
                  Kubeconfig(name, name, fmt::format("https://127.0.0.1:{}", options.api_port),
                             authority, admin));
}

}  // namespace

base::Result<> MakePki(const Layout& layout, const PkiOptions& options, base::WallTime now) {
  const net::KeyPair authority = TRY(net::MakeAuthority("kubernetes", now));
  TRY(WritePair(layout, "ca", authority));
  TRY(MakeServing(layout, options, authority, now));
  TRY(MakeClients(layout, options, authority, now));
  TRY(WritePair(layout, "kubelet-client",
                TRY(net::IssueCertificate(
                    authority, {"kube-apiserver-kubelet-client", {}, {}, {}, true}, now))));

  // An authority of its own: any certificate of it that has the allowed name may impersonate users.
  const net::KeyPair front_proxy = TRY(net::MakeAuthority("front-proxy", now));
  TRY(WriteNew(layout.Pki("front-proxy-ca.crt"), front_proxy.certificate_pem));
  TRY(WritePair(
      layout, "front-proxy-client",
      TRY(net::IssueCertificate(front_proxy, {"front-proxy-client", {}, {}, {}, true}, now))));

  const net::SigningKey tokens = TRY(net::MakeSigningKey());
  TRY(WriteNew(layout.Pki("sa.key"), tokens.private_pem));
  return WriteNew(layout.Pki("sa.pub"), tokens.public_pem);
}

}  // namespace cluster::native
