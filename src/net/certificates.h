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

struct CertificateRequest {
  std::string common_name;
  std::vector<std::string> organizations;  // Kubernetes groups
  std::vector<std::string> dns_names;      // any name: also serverAuth
  std::vector<std::string> ip_addresses;   // as dns_names
  bool client = false;                     // clientAuth
};

// ECDSA P-256, valid from an hour before `now` for ten years. For test clusters, never for anything
// else.
base::Result<KeyPair> MakeAuthority(const std::string& common_name, base::WallTime now);
base::Result<KeyPair> IssueCertificate(const KeyPair& authority, const CertificateRequest& request,
                                       base::WallTime now);

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
