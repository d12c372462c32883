#include "cluster/native/boot_objects.h"

#include "value/json.h"

namespace cluster::native {

using value::Json;

namespace {

BootObject Object(const std::string& path, const Json& json) {
  return {path, json.dump()};
}

Json DnsPorts() {
  return {{{"name", "dns"}, {"port", 53}, {"protocol", "UDP"}},
          {{"name", "dns-tcp"}, {"port", 53}, {"protocol", "TCP"}}};
}

}  // namespace

std::vector<BootObject> AccessObjects() {
  return {Object("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
                 {{"apiVersion", "rbac.authorization.k8s.io/v1"},
                  {"kind", "ClusterRoleBinding"},
                  {"metadata", {{"name", "seatrial:kubelet-client"}}},
                  {"roleRef",
                   {{"apiGroup", "rbac.authorization.k8s.io"},
                    {"kind", "ClusterRole"},
                    {"name", "system:kubelet-api-admin"}}},
                  {"subjects",
                   {{{"kind", "User"},
                     {"name", "kube-apiserver-kubelet-client"},
                     {"apiGroup", "rbac.authorization.k8s.io"}}}}})};
}

std::vector<BootObject> DnsObjects(const Addresses& addresses) {
  const Json read = {"list", "watch"};
  const std::string rbac = "rbac.authorization.k8s.io";
  return {
      // https://github.com/coredns/deployment/blob/master/kubernetes/coredns.yaml.sed
      Object("/apis/rbac.authorization.k8s.io/v1/clusterroles",
             {{"apiVersion", rbac + "/v1"},
              {"kind", "ClusterRole"},
              {"metadata", {{"name", "system:coredns"}}},
              {"rules",
               {{{"apiGroups", {""}},
                 {"resources", {"endpoints", "services", "pods", "namespaces"}},
                 {"verbs", read}},
                {{"apiGroups", {"discovery.k8s.io"}},
                 {"resources", {"endpointslices"}},
                 {"verbs", read}}}}}),
      Object(
          "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
          {{"apiVersion", rbac + "/v1"},
           {"kind", "ClusterRoleBinding"},
           {"metadata", {{"name", "system:coredns"}}},
           {"roleRef", {{"apiGroup", rbac}, {"kind", "ClusterRole"}, {"name", "system:coredns"}}},
           {"subjects", {{{"kind", "User"}, {"name", "system:coredns"}, {"apiGroup", rbac}}}}}),
      Object("/api/v1/namespaces/kube-system/services",
             {{"apiVersion", "v1"},
              {"kind", "Service"},
              {"metadata",
               {{"name", "kube-dns"},
                {"namespace", "kube-system"},
                {"labels", {{"k8s-app", "kube-dns"}, {"kubernetes.io/name", "CoreDNS"}}}}},
              {"spec", {{"clusterIP", addresses.dns_service}, {"ports", DnsPorts()}}}}),
      Object(
          "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices",
          {{"apiVersion", "discovery.k8s.io/v1"},
           {"kind", "EndpointSlice"},
           {"metadata",
            {{"name", "kube-dns-node"},
             {"namespace", "kube-system"},
             {"labels",
              {{"kubernetes.io/service-name", "kube-dns"},
               {"endpointslice.kubernetes.io/managed-by", "seatrial"}}}}},
           {"addressType", "IPv4"},
           {"endpoints", {{{"addresses", {addresses.bridge}}, {"conditions", {{"ready", true}}}}}},
           {"ports", DnsPorts()}}),
  };
}

std::vector<BootObject> StorageObjects() {
  return {Object("/apis/storage.k8s.io/v1/storageclasses",
                 {{"apiVersion", "storage.k8s.io/v1"},
                  {"kind", "StorageClass"},
                  {"metadata",
                   {{"name", "standard"},
                    {"annotations", {{"storageclass.kubernetes.io/is-default-class", "true"}}}}},
                  {"provisioner", "kubernetes.io/host-path"}})};
}

}  // namespace cluster::native
