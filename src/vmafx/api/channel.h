#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "kube/text_file.h"

namespace grpc {
class Channel;
class ClientContext;
}  // namespace grpc

namespace vmafx::api {

// How a program reaches the controller: the values of VMAFX_CONTROLLER_ADDR, _TOKEN_FILE, _TLS,
// _CA_FILE and _SERVER_NAME, which app/ reads.
struct ChannelOptions {
  std::string address;     // "host:9090"
  std::string token_file;  // empty: calls carry no token
  bool tls = false;
  std::string ca_file;      // PEM, of whom the server's certificate must be; empty: the system's
  std::string server_name;  // expected in the certificate; empty: the address's host
};

// A channel to the controller: messages up to 64 MiB each way, no proxy between, a silent peer is
// noticed within half a minute, one that comes back is found within a second. Does not connect yet.
// kNotFound, kDenied, kInvalid: the CA file, with its path; kInvalid: no address.
base::Result<std::shared_ptr<grpc::Channel>> MakeChannel(const ChannelOptions& options);

// The token that calls carry: a file that is read again whenever it has changed, as projected
// service account tokens do (the kubelet replaces them at 80 % of their life). Thread-safe; costs
// one stat a call.
class TokenSource {
 public:
  // `file` empty: there is no token, AddTo adds nothing.
  explicit TokenSource(const std::string& file);

  // Adds `authorization: Bearer TOKEN` to a call that has not started. An error names the file
  // (kNotFound: it is not there yet; kInvalid: it is empty): the call should not be made.
  base::Result<> AddTo(grpc::ClientContext& context);

 private:
  std::unique_ptr<kube::TokenFile> file_;
};

}  // namespace vmafx::api
