#include "net/testing/tls_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>

#include <atomic>
#include <cstdlib>
#include <set>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/crew.h"
#include "base/guarded.h"
#include "base/text.h"
#include "sys/fd.h"

namespace net::testing {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using BioPtr = std::unique_ptr<BIO, FreeBio>;
using ContextPtr = std::unique_ptr<SSL_CTX, FreeContext>;
using SslPtr = std::unique_ptr<SSL, FreeSsl>;
using CertificatePtr = std::unique_ptr<X509, FreeCertificate>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeKey>;

BioPtr Reading(const std::string& pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

CertificatePtr ReadCertificate(const std::string& pem) {
  return CertificatePtr(PEM_read_bio_X509(Reading(pem).get(), nullptr, nullptr, nullptr));
}

ContextPtr MakeContext(const KeyPair& pair, const std::string& client_ca_pem) {
  ContextPtr context(SSL_CTX_new(TLS_server_method()));
  const CertificatePtr certificate = ReadCertificate(pair.certificate_pem);
  const KeyPtr key(PEM_read_bio_PrivateKey(Reading(pair.key_pem).get(), nullptr, nullptr, nullptr));
  CHECK(SSL_CTX_use_certificate(context.get(), certificate.get()) == 1);
  CHECK(SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1);
  if (!client_ca_pem.empty()) {
    const CertificatePtr authority = ReadCertificate(client_ca_pem);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), authority.get());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

class TlsConnection final : public Connection {
 public:
  explicit TlsConnection(SSL* ssl) : ssl_(ssl) {}

  bool Write(std::string_view bytes) override {
    return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) > 0;
  }
  void AwaitClient() override { ReadMore(); }
  void Drop() override { dropped_ = true; }

  bool dropped() const { return dropped_; }

  // The next request; false when there is none.
  bool Read(Received& received) {
    size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!ReadMore()) return false;
    }
    Parse(buffer_.substr(0, end), received);
    const size_t size = std::strtoul(received.headers["content-length"].c_str(), nullptr, 10);
    while (buffer_.size() < end + 4 + size) {
      if (!ReadMore()) return false;
    }
    received.body = buffer_.substr(end + 4, size);
    buffer_.erase(0, end + 4 + size);
    received.client = ClientName();
    return true;
  }

 private:
  bool ReadMore() {
    char data[16384];
    const int size = SSL_read(ssl_, data, sizeof data);
    if (size > 0) buffer_.append(data, static_cast<size_t>(size));
    return size > 0;
  }

  static void Parse(const std::string& head, Received& received) {
    const std::vector<std::string> lines = base::Split(head, '\n');
    const std::vector<std::string> first = base::Split(base::Trim(lines[0]), ' ');
    received.method = first[0];
    received.path = first.size() > 1 ? first[1] : "";
    for (const std::string& line : lines) {
      const size_t colon = line.find(':');
      if (&line == &lines[0] || colon == std::string::npos) continue;
      received.headers[base::Lower(line.substr(0, colon))] = base::Trim(line.substr(colon + 1));
    }
  }

  std::string ClientName() const {
    const CertificatePtr certificate(SSL_get1_peer_certificate(ssl_));
    char name[200] = "";
    if (certificate != nullptr) {
      X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name,
                                sizeof name);
    }
    return name;
  }

  SSL* ssl_;
  std::string buffer_;
  bool dropped_ = false;
};

}  // namespace

bool Connection::Answer(int status, std::string_view body, std::string_view headers) {
  return Write(fmt::format("HTTP/1.1 {} Told\r\nContent-Length: {}\r\n{}\r\n{}", status,
                           body.size(), headers, body));
}

bool Connection::Chunk(std::string_view piece) {
  return Write(fmt::format("{:x}\r\n{}\r\n", piece.size(), piece));
}

struct TlsServer::State {
  ContextPtr context;
  Handler handler;
  sys::Fd listener;
  int port = 0;
  std::atomic<int> accepted{0};
  base::Guarded<std::set<int>> open;
  base::Crew crew;

  void Accept(const std::stop_token& stop) {
    sigset_t pipe;  // writing to clients that went away; connection threads inherit it
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    while (!stop.stop_requested()) {
      const int socket = accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      ++accepted;
      open.With([&](auto& sockets) { sockets.insert(socket); });
      const bool started =
          crew.Start("tls/connection", [this, socket](const std::stop_token&) { Serve(socket); });
      if (!started) Forget(socket);
    }
  }

  void Serve(int socket) {
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const SslPtr ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), socket);
    if (SSL_accept(ssl.get()) == 1) {
      TlsConnection connection(ssl.get());
      for (Received received; !connection.dropped() && connection.Read(received); received = {}) {
        handler(received, connection);
      }
    }
    Forget(socket);
  }

  void Forget(int socket) {
    open.With([&](auto& sockets) {
      sockets.erase(socket);
      close(socket);
    });
  }
};

TlsServer::TlsServer(const KeyPair& certificate, Handler handler, const std::string& client_ca_pem)
    : state_(std::make_unique<State>()) {
  state_->context = MakeContext(certificate, client_ca_pem);
  state_->handler = std::move(handler);
  state_->listener = sys::Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  CHECK(bind(state_->listener.get(), generic, size) == 0);
  CHECK(listen(state_->listener.get(), 64) == 0);
  CHECK(getsockname(state_->listener.get(), generic, &size) == 0);
  state_->port = ntohs(address.sin_port);
  state_->crew.Start("tls/accept",
                     [state = state_.get()](const std::stop_token& stop) { state->Accept(stop); });
}

TlsServer::~TlsServer() {
  state_->crew.RequestStop();
  shutdown(state_->listener.get(), SHUT_RDWR);
  state_->open.With([](auto& sockets) {
    for (const int socket : sockets) shutdown(socket, SHUT_RDWR);
  });
  state_->crew.StopAndJoin();
}

std::string TlsServer::url() const {
  return fmt::format("https://127.0.0.1:{}", state_->port);
}
int TlsServer::port() const {
  return state_->port;
}
int TlsServer::accepted() const {
  return state_->accepted;
}

}  // namespace net::testing
