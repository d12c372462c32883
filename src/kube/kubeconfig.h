#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "net/http.h"

namespace kube {

// How to reach one API server: the outcome of reading a kubeconfig or a Pod's service account.
struct ClusterAccess {
  std::string server;  // "https://127.0.0.1:6443"
  net::Identity identity;
  std::string token;        // bearer token, or ""
  std::string token_file;   // re-read when it changes (projected tokens rotate), or ""
  std::string impersonate;  // the user that requests are made as, or ""
  std::string context;      // name of the context used
  std::string cluster;      // name of the cluster entry
  std::string ns;           // the context's namespace, or ""
};

// Reads `text` (YAML; `folder` resolves relative file names) and picks `context` (empty:
// current-context). Client certificates and tokens, inline or by file. What we do not support (exec
// plugins, auth providers, proxy-url) is kInvalid by name, not ignored.
base::Result<ClusterAccess> ReadKubeconfig(std::string_view text,
                                           const std::filesystem::path& folder,
                                           const std::string& context = "");
base::Result<ClusterAccess> LoadKubeconfig(const std::filesystem::path& path,
                                           const std::string& context = "");

// From a Pod: the mounted service account (token, ca.crt, namespace) and the API server's address.
// https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
base::Result<ClusterAccess> InClusterAccess(
    const std::string& host, const std::string& port,
    const std::filesystem::path& folder = "/var/run/secrets/kubernetes.io/serviceaccount");

// A kubeconfig with one cluster, user and context, all data inline. Write it with mode 0600.
std::string WriteKubeconfig(const ClusterAccess& access, const std::string& name);

}  // namespace kube
