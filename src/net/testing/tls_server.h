#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/certificates.h"

namespace net::testing {

// What a client sent.
struct Received {
  std::string method;
  std::string path;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  std::string client;  // common name of the client's certificate, or ""
};

// The server's end of one connection, for the handler.
class Connection {
 public:
  virtual ~Connection() = default;
  // Sends bytes as they are; false when the client is gone.
  virtual bool Write(std::string_view bytes) = 0;
  // Status line, Content-Length and body; the connection stays open.
  bool Answer(int status, std::string_view body, std::string_view headers = "");
  // One piece of a body sent with "Transfer-Encoding: chunked"; the empty piece ends it.
  bool Chunk(std::string_view piece);
  // Blocks until the client closes or sends again, or the server stops.
  virtual void AwaitClient() = 0;
  // Ends the connection after this handler, without a goodbye.
  virtual void Drop() = 0;
};

// A small real HTTPS server on a loopback port, to test clients with: keeps connections alive, one
// thread each. Destruction ends all. Starts at once or aborts the test program.
class TlsServer {
 public:
  using Handler = std::function<void(const Received&, Connection&)>;

  // `client_ca_pem`: clients must show a certificate of that authority; empty: none is asked for.
  TlsServer(const KeyPair& certificate, Handler handler, const std::string& client_ca_pem = "");
  ~TlsServer();

  std::string url() const;  // "https://127.0.0.1:12345"
  int port() const;
  // Connections accepted so far.
  int accepted() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace net::testing
