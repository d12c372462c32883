#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "net/certificates.h"
#include "net/testing/tls_server.h"

namespace vmafx::node::testing {

// What goes wrong with a file, for the first `times` requests of it (and then no more).
struct Fault {
  int times = 1 << 30;
  int status = 0;                        // answers that
  size_t cut_after = std::string::npos;  // drops the connection after so many bytes of the body
  bool silent = false;                   // ... or sends no more
  bool held = false;                     // ... or sends the rest when all are released
  bool changes = false;                  // another ETag and another length at every request
};

// A real HTTPS server of files held in memory, with ranges, ETags and faults. "/loop" redirects to
// itself, "/away" to an FTP server, "/moved/PATH" to "/PATH".
class FileServer {
 public:
  explicit FileServer(bool ranges = true);
  ~FileServer();

  // Before the first request of it.
  void Add(const std::string& path, std::string bytes, Fault fault = {.times = 0});
  // More headers of each answer, "Name: value\r\n".
  void AddHeader(const std::string& path, const std::string& line);

  // Lets go on what is held, now and later.
  void Release();

  std::string Url(const std::string& path) const { return server_.url() + path; }
  const std::string& ca_pem() const { return authority_.certificate_pem; }
  // The Range headers of the requests for `path` so far, "" for those without.
  std::vector<std::string> Ranges(const std::string& path) const;

 private:
  struct File {
    std::string bytes;
    Fault fault;
    std::string headers;
    std::vector<std::string> ranges;
  };
  void Serve(const net::testing::Received& received, net::testing::Connection& connection);

  base::SystemClock clock_;
  const bool ranges_;
  const net::KeyPair authority_ = *net::MakeAuthority("test", clock_.WallNow());
  const net::KeyPair certificate_ = *net::IssueCertificate(
      authority_, {.common_name = "files", .ip_addresses = {"127.0.0.1"}}, clock_.WallNow());
  base::Guarded<std::map<std::string, File>> files_;
  base::Guarded<bool> released_{false};
  net::testing::TlsServer server_{certificate_, [this](const auto& received, auto& connection) {
                                    Serve(received, connection);
                                  }};
};

}  // namespace vmafx::node::testing
