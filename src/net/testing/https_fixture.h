#pragma once

// The fixture of tests of the HTTP client: an authority, a server's certificate, clients.

#include <memory>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "net/certificates.h"
#include "net/http.h"

namespace net::testing {

class HttpsTest : public ::testing::Test {
 protected:
  // How late a cancelled call may return when all cores are busy; else it is a few ms. Without the
  // wake-up it would be a minute at least.
  static constexpr base::Duration kSoon = std::chrono::seconds(30);
  // The deadline of such a call.
  static constexpr base::Duration kLate = std::chrono::minutes(10);

  std::unique_ptr<Http> Client(const Identity& identity) {
    return MakeCurlHttp({.identity = identity});
  }
  // One that trusts the authority.
  std::unique_ptr<Http> Client() { return Client({.ca_pem = authority_.certificate_pem}); }
  base::Until Soon() { return base::Until::After(clock_, std::chrono::seconds(60)); }
  KeyPair Issue(const CertificateRequest& request) {
    return *IssueCertificate(authority_, request, clock_.WallNow());
  }

  base::SystemClock clock_;
  const KeyPair authority_ = *MakeAuthority("test", clock_.WallNow());
  // For a server at 127.0.0.1.
  const KeyPair certificate_ = Issue({.common_name = "server", .ip_addresses = {"127.0.0.1"}});
};

}  // namespace net::testing
