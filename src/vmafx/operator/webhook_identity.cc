#include "vmafx/operator/webhook_identity.h"

#include <algorithm>

namespace vmafx::operators {
namespace {

constexpr auto kValidFor = std::chrono::hours(24 * 365);
constexpr char kAuthorities[] = "ca.crt";
constexpr char kCertificate[] = "tls.crt";  // cert-manager's names, and those of kubernetes.io/tls
constexpr char kKey[] = "tls.key";
constexpr char kEnd[] = "-----END CERTIFICATE-----";

// The first certificate of `pem`, or "".
std::string First(const std::string& pem) {
  const size_t end = pem.find(kEnd);
  return end == std::string::npos ? "" : pem.substr(0, end) + kEnd + "\n";
}

std::string Decoded(const kube::Object& secret, const char* item) {
  return net::Base64Decode(secret.String({"data", item})).ValueOr("");
}

}  // namespace

base::Result<WebhookIdentity> MakeWebhookIdentity(const std::vector<std::string>& names,
                                                  const std::string& previous, base::WallTime now) {
  if (names.empty()) return base::Error(base::Code::kInvalid, "a webhook without a name to serve");
  const net::KeyPair authority =
      TRY(net::MakeAuthority("vmafx-operator-webhook-ca", now, kValidFor));
  net::CertificateRequest request;
  request.common_name = "vmafx-operator-webhook";
  request.dns_names = names;
  request.valid_for = kValidFor;
  WebhookIdentity identity;
  identity.serving = TRY(net::IssueCertificate(authority, request, now));
  identity.authorities_pem = authority.certificate_pem;
  // A replica that has not heard of the new certificate yet serves the one before.
  const std::string before = First(previous);
  auto facts = net::ReadCertificate(before);
  if (facts.ok() && facts->to > now) identity.authorities_pem += before;
  return identity;
}

std::optional<WebhookIdentity> ReadWebhookIdentity(const kube::Object& secret) {
  WebhookIdentity identity{Decoded(secret, kAuthorities),
                           {Decoded(secret, kCertificate), Decoded(secret, kKey)}};
  const bool whole = net::ReadCertificate(identity.authorities_pem).ok() &&
                     net::CheckKeyPair(identity.serving).ok();
  if (!whole) return std::nullopt;
  return identity;
}

kube::Json WriteWebhookIdentity(const WebhookIdentity& identity) {
  return {{kAuthorities, net::Base64Encode(identity.authorities_pem)},
          {kCertificate, net::Base64Encode(identity.serving.certificate_pem)},
          {kKey, net::Base64Encode(identity.serving.key_pem)}};
}

base::WallTime RenewAt(const WebhookIdentity& identity, const std::vector<std::string>& names) {
  auto facts = net::ReadCertificate(identity.serving.certificate_pem);
  if (!facts.ok()) return base::WallTime::min();
  for (const std::string& name : names) {
    if (std::ranges::find(facts->dns_names, name) == facts->dns_names.end()) {
      return base::WallTime::min();
    }
  }
  return facts->from + (facts->to - facts->from) / 3 * 2;
}

}  // namespace vmafx::operators
