#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kube/object.h"
#include "net/certificates.h"

namespace vmafx::operators {

// What a webhook without cert-manager shows of itself, as a Secret keeps it for all replicas: a
// serving certificate, and the authorities that callers trust. The authority's key is thrown away
// as soon as it has signed.
struct WebhookIdentity {
  std::string authorities_pem;  // newest first; the one before stays until it expires
  net::KeyPair serving;
};

// Valid for a year, for `names`. Callers that trust what `previous` (PEM, may be empty) trusts are
// not cut off: its authorities that have not expired stay in the list, the newest at most.
base::Result<WebhookIdentity> MakeWebhookIdentity(const std::vector<std::string>& names,
                                                  const std::string& previous, base::WallTime now);

// The identity in a Secret's data; nullopt when there is none, or not a whole one.
std::optional<WebhookIdentity> ReadWebhookIdentity(const kube::Object& secret);
// The value of `.data`.
kube::Json WriteWebhookIdentity(const WebhookIdentity& identity);

// When a new one has to be made: after two thirds of its time; at once when it is not for `names`,
// or no certificate.
base::WallTime RenewAt(const WebhookIdentity& identity, const std::vector<std::string>& names);

}  // namespace vmafx::operators
