#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace net {

struct KeyPair {
  std::string certificate_pem;
  std::string key_pem;
};

inline constexpr base::Duration kTenYears = std::chrono::hours(24 * 3652);

struct CertificateRequest {
  std::string common_name;
  std::vector<std::string> organizations;  // Kubernetes groups
  std::vector<std::string> dns_names;      // any name: also serverAuth
  std::vector<std::string> ip_addresses;   // as dns_names
  bool client = false;                     // clientAuth
  base::Duration valid_for = kTenYears;
};

// ECDSA P-256, valid from an hour before `now`; for ten years in test clusters, never elsewhere.
base::Result<KeyPair> MakeAuthority(const std::string& common_name, base::WallTime now,
                                    base::Duration valid_for = kTenYears);
base::Result<KeyPair> IssueCertificate(const KeyPair& authority, const CertificateRequest& request,
                                       base::WallTime now);

// What a certificate says about itself.
struct CertificateFacts {
  base::WallTime from;
  base::WallTime to;  // not valid any more from then on
  std::vector<std::string> dns_names;
};
// Of the first certificate in `pem`; kInvalid when there is none. Trusts nothing, checks nothing.
base::Result<CertificateFacts> ReadCertificate(const std::string& pem);

// Ok when `pair` is a certificate (the first, if it has a chain) and the unencrypted key that
// belongs to it; else kInvalid.
base::Result<> CheckKeyPair(const KeyPair& pair);

// A bare ECDSA key pair (PEM) to sign service account tokens with.
struct SigningKey {
  std::string private_pem;
  std::string public_pem;
};
base::Result<SigningKey> MakeSigningKey();

std::string Base64Encode(std::string_view bytes);
base::Result<std::string> Base64Decode(std::string_view text);
// Lower-case hex.
std::string Sha256Hex(std::string_view bytes);
// `count` random bytes as lower-case hex.
std::string RandomHex(size_t count);

}  // namespace net
