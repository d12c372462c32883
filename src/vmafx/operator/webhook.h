#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <prometheus/registry.h>

#include "base/crew.h"
#include "base/guarded.h"
#include "base/log.h"
#include "ctrl/manager.h"
#include "kube/client.h"
#include "net/http_server.h"
#include "vmafx/operator/webhook_certificates.h"

namespace vmafx::operators {

struct WebhookOptions {
  std::string address;             // ":9443"; "": there is no webhook
  std::string certificate_folder;  // cert-manager's; "": certificates of our own, by what follows
  SelfMadeOptions self_made;
  std::string cluster_domain = "cluster.local";
};

// The validating admission webhook: tells users at once, and by name, what could never work. Every
// replica serves it, leader or not. HTTPS POST of AdmissionReviews to
// /validate-vmafx-dev-v1-vmafxjob, -vmafxnode, -vmafxmodeltraining.
// https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
class Webhook final : public ctrl::Part {
 public:
  // All must outlive it.
  Webhook(WebhookOptions options, kube::Client& client, base::Clock& clock, base::Log log,
          prometheus::Registry& registry);
  ~Webhook() override;

  // Returns when it serves, with a certificate that the API server trusts: tries until then, but
  // kDenied and kInvalid are the end (a right or a file that will not come by waiting).
  base::Result<> Start(const base::Until& until) override;
  // Says so when a new certificate could not be got, or not be served.
  base::Result<> Ready() override;
  void Stop() override;

  // Where it listens, between Start and Stop.
  int port() const;

 private:
  struct Served {
    std::unique_ptr<net::HttpServer> server;
    net::ServerTls tls;
    std::string problem;  // "" when all is well
  };

  std::unique_ptr<WebhookCertificates> MakeCertificates() const;
  std::vector<net::Route> Routes() const;
  // Gets the certificate and serves it, if that is not what is served already.
  base::Result<> Refresh(const base::Until& until);
  void Keep(std::stop_token stop);

  const WebhookOptions options_;
  kube::Client& client_;
  base::Clock& clock_;
  base::Log log_;
  prometheus::Registry& registry_;
  std::unique_ptr<WebhookCertificates> certificates_;
  std::string address_;  // with the port once it is known
  base::Guarded<Served> served_;
  base::Crew crew_;
};

}  // namespace vmafx::operators
