#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/log.h"
#include "kube/client.h"
#include "kube/store.h"
#include "net/http_server.h"

namespace vmafx::operators {

// Where a webhook's serving certificate comes from. One thread.
class WebhookCertificates {
 public:
  virtual ~WebhookCertificates() = default;

  // What to serve from now on. Before it answers, it has seen to it that callers trust it, where
  // that is its business.
  virtual base::Result<net::ServerTls> Get(const base::Until& until) = 0;
  // Returns when Get may have another answer; at the latest when `until` is over.
  virtual void AwaitChange(const base::Until& until) = 0;
};

// Files tls.crt and tls.key of a folder, as cert-manager's Secret is mounted. Looked at every 10 s:
// the kubelet replaces them behind links, and their trust is cert-manager's business.
std::unique_ptr<WebhookCertificates> MakeFolderCertificates(const std::string& folder);

struct SelfMadeOptions {
  kube::Key secret;
  std::string configuration;       // ValidatingWebhookConfiguration whose caBundle it keeps
  std::vector<std::string> names;  // DNS names to serve
};

// Certificates of our own in a Secret that all replicas share: the first that writes it wins, the
// others take what they find; it is made anew after two thirds of its time. Their authority stands
// in the caBundle of every webhook of the configuration, before it is served, and again when
// somebody wipes it there (both objects are watched). A configuration that is not there yet is
// waited for, while the webhook serves. Errors of Get: kDenied names the right that is missing.
// `client`, `clock` must outlive it.
std::unique_ptr<WebhookCertificates> MakeSelfMadeCertificates(SelfMadeOptions options,
                                                              kube::Client& client,
                                                              base::Clock& clock, base::Log log);

}  // namespace vmafx::operators
