#include "net/transfer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <stop_token>
#include <system_error>

#include "base/text.h"

namespace net {
namespace {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;

constexpr int kDeadAfterSeconds = 20;     // without an answer of the peer's kernel
constexpr long kReuseWithinSeconds = 60;  // below kube-apiserver's idle limit of 90 s

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using ListPtr = std::unique_ptr<curl_slist, FreeList>;

void Append(ListPtr& list, const std::string& line) {
  list.reset(curl_slist_append(list.release(), line.c_str()));
}

// OpenSSL writes to sockets without MSG_NOSIGNAL. curl's own remedy swaps the handler of the whole
// process, which races between threads; blocking the signal on this thread does not.
class BlockSigpipe {
 public:
  BlockSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~BlockSigpipe() {
    if (sigismember(&before_, SIGPIPE) == 1) return;
    const timespec now{};
    sigtimedwait(&pipe_, nullptr, &now);  // takes the one that we may have caused
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  BlockSigpipe(const BlockSigpipe&) = delete;
  BlockSigpipe& operator=(const BlockSigpipe&) = delete;

 private:
  sigset_t pipe_;
  sigset_t before_;
};

// One exchange: what goes out and what has come in. Lives on the caller's stack.
struct Exchange {
  const Request& request;
  const Sink* sink;  // null: the body is collected
  Response response;
  size_t body_limit;  // 0: none
  std::string_view unsent;
  bool ended_by_sink = false;
  bool too_long = false;
};

// Hands `piece` to the sink; false when it wants no more.
bool GiveToSink(Exchange& exchange, std::string_view piece) {
  exchange.ended_by_sink = !(*exchange.sink)(piece);
  return !exchange.ended_by_sink;
}

size_t OnHeader(char* data, size_t size, size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  auto& response = exchange.response;
  const std::string_view line = base::Trim(std::string_view(data, size * count));
  const size_t colon = line.find(':');
  if (line.rfind("HTTP/", 0) == 0) {
    response.headers.clear();  // of a redirect or an interim answer before
    const size_t blank = std::min(line.find(' '), line.size());
    response.status = std::atoi(std::string(line.substr(blank)).c_str());
  } else if (colon != std::string_view::npos) {
    response.headers[base::Lower(line.substr(0, colon))] = base::Trim(line.substr(colon + 1));
  } else if (line.empty() && response.status / 100 == 2 && exchange.sink != nullptr) {
    if (exchange.request.on_accepted) exchange.request.on_accepted(response);
    if (!GiveToSink(exchange, "")) return 0;
  }
  return size * count;
}

size_t OnBody(char* data, size_t size, size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const std::string_view piece(data, size * count);
  if (exchange.sink == nullptr || exchange.response.status / 100 != 2) {
    const size_t length = exchange.response.body.size() + piece.size();
    exchange.too_long = exchange.body_limit > 0 && length > exchange.body_limit;
    if (exchange.too_long) return 0;
    exchange.response.body += piece;
    return piece.size();
  }
  return GiveToSink(exchange, piece) ? piece.size() : 0;
}

size_t OnUnsent(char* data, size_t size, size_t count, void* user) {
  std::string_view& unsent = static_cast<Exchange*>(user)->unsent;
  const size_t sent = unsent.copy(data, size * count);
  unsent.remove_prefix(sent);
  return sent;
}

// As curl would, but children of this process do not get it: they would hold connections open.
curl_socket_t OnOpenSocket(void*, curlsocktype, curl_sockaddr* address) {
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

int OnSocket(void*, curl_socket_t socket, curlsocktype) {
  // A peer that vanished (power off, cut network) breaks an idle watch too, not only a write.
  const unsigned int milliseconds = kDeadAfterSeconds * 1000;
  setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
  return CURL_SOCKOPT_OK;
}

}  // namespace

Transfer::Transfer(const HttpOptions& options) : options_(options) {
  CHECK(multi_ != nullptr && easy_ != nullptr);
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, 2L);
  Set(CURLOPT_NOSIGNAL, 1L);
  Set(CURLOPT_QUICK_EXIT, 1L);  // do not wait for a slow name server when cancelled
  Set(CURLOPT_PROXY, "");       // not from the environment
  Set(CURLOPT_PROTOCOLS_STR, "http,https");
  Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  Set(CURLOPT_CONNECTTIMEOUT, 10L);
  Set(CURLOPT_MAXAGE_CONN, kReuseWithinSeconds);
  Set(CURLOPT_TCP_NODELAY, 1L);
  Set(CURLOPT_TCP_KEEPALIVE, 1L);
  Set(CURLOPT_TCP_KEEPIDLE, 10L);
  Set(CURLOPT_TCP_KEEPINTVL, 5L);
  Set(CURLOPT_OPENSOCKETFUNCTION, &OnOpenSocket);
  Set(CURLOPT_SOCKOPTFUNCTION, &OnSocket);
  Set(CURLOPT_BUFFERSIZE, 65536L);
  Set(CURLOPT_ERRORBUFFER, reason_);
  Set(CURLOPT_USERAGENT, options.user_agent.c_str());
  Set(CURLOPT_FOLLOWLOCATION, options.follow_redirects ? 1L : 0L);
  Set(CURLOPT_MAXREDIRS, 10L);
  Set(CURLOPT_HEADERFUNCTION, &OnHeader);
  Set(CURLOPT_WRITEFUNCTION, &OnBody);
  // The body is read by a callback that cannot rewind: else curl would silently send a POST again
  // when a kept connection breaks, though the server may have carried it out (RFC 9110 9.2.2).
  Set(CURLOPT_READFUNCTION, &OnUnsent);
  SetIdentity(options.identity);
}

Transfer::~Transfer() {
  const BlockSigpipe block;  // closing says goodbye in TLS
  easy_.reset();
  multi_.reset();
}

void Transfer::SetIdentity(const Identity& identity) {
  const auto blob = [this](CURLoption option, const std::string& pem) {
    if (pem.empty()) return;
    curl_blob view{const_cast<char*>(pem.data()), pem.size(), CURL_BLOB_NOCOPY};
    curl_easy_setopt(easy_.get(), option, &view);
  };
  blob(CURLOPT_CAINFO_BLOB, identity.ca_pem);
  blob(CURLOPT_SSLCERT_BLOB, identity.client_cert_pem);
  blob(CURLOPT_SSLKEY_BLOB, identity.client_key_pem);
  Set(CURLOPT_SSLCERTTYPE, "PEM");
  Set(CURLOPT_SSLKEYTYPE, "PEM");
  Set(CURLOPT_SSL_VERIFYPEER, identity.insecure_skip_verify ? 0L : 1L);
  Set(CURLOPT_SSL_VERIFYHOST, identity.insecure_skip_verify ? 0L : 2L);
}

void Transfer::SetMethod(const Request& request) {
  const bool sends_body =
      !request.body.empty() || request.method == "POST" || request.method == "PUT";
  if (sends_body) {
    Set(CURLOPT_POST, 1L);
    Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  } else if (request.method == "HEAD") {
    Set(CURLOPT_NOBODY, 1L);
  } else {
    Set(CURLOPT_HTTPGET, 1L);
  }
  Set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

Result<Response> Transfer::Perform(const Request& request, const Sink* sink, const Until& until) {
  const std::string& server_name = options_.identity.server_name;
  const Target target = TRY(ReadTarget(request.url, server_name));
  Exchange exchange{request, sink, {}, options_.body_limit, request.body};
  ListPtr headers;
  ListPtr connect_to;
  Append(headers, "Expect:");  // do not ask before sending a large body
  if (!server_name.empty()) {
    Append(headers, "Host: " + target.Text());
    Append(connect_to, "::" + target.Text());
  }
  for (const auto& [name, value] : request.headers) Append(headers, name + ": " + value);

  SetMethod(request);
  Set(CURLOPT_URL, target.url.c_str());
  Set(CURLOPT_HTTPHEADER, headers.get());
  Set(CURLOPT_CONNECT_TO, connect_to.get());
  Set(CURLOPT_HEADERDATA, &exchange);
  Set(CURLOPT_WRITEDATA, &exchange);
  Set(CURLOPT_READDATA, &exchange);
  reason_[0] = '\0';

  const CURLcode code = TRY(Drive(target, exchange.response, until));
  if (exchange.too_long) {
    return Fail(Code::kInvalid, "{}: the answer is longer than {} bytes", target.Text(),
                options_.body_limit);
  }
  if (code != CURLE_OK && !exchange.ended_by_sink) return Describe(code, target);
  return std::move(exchange.response);
}

// Runs the transfer to its end, or to that of `until`.
Result<CURLcode> Transfer::Drive(const Target& target, const Response& so_far, const Until& until) {
  const BlockSigpipe block;
  CURLM* multi = multi_.get();
  const std::stop_callback wake(until.stop(), [multi] { curl_multi_wakeup(multi); });
  curl_multi_add_handle(multi, easy_.get());
  struct Remove {
    CURLM* multi;
    CURL* easy;
    ~Remove() { curl_multi_remove_handle(multi, easy); }
  } remove{multi, easy_.get()};

  while (true) {
    if (until.Stopped()) return Fail(Code::kCancelled, "{}: stopped while waiting", target.Text());
    if (until.Expired()) {
      return Fail(Code::kTimeout, "{}: the deadline passed while waiting for {}", target.Text(),
                  so_far.status == 0 ? "an answer" : "the rest of the answer");
    }
    int running = 0;
    const CURLMcode ran = curl_multi_perform(multi, &running);
    if (ran != CURLM_OK) return Fail(Code::kInternal, "curl: {}", curl_multi_strerror(ran));
    int left = 0;
    if (const CURLMsg* done = curl_multi_info_read(multi, &left)) return done->data.result;

    using std::chrono::milliseconds;
    const auto wait = std::chrono::ceil<milliseconds>(until.Left());
    const auto longest = milliseconds(std::chrono::minutes(1));
    curl_multi_poll(multi, nullptr, 0, static_cast<int>(std::min(wait, longest).count()), nullptr);
  }
}

base::Error Transfer::Describe(CURLcode code, const Target& target) const {
  const std::string reason = reason_[0] != '\0' ? reason_ : curl_easy_strerror(code);
  long os_error = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &os_error);
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      return Fail(Code::kUnavailable, "{}: cannot connect: {}", target.Text(),
                  os_error == 0
                      ? reason
                      : base::Lower(std::generic_category().message(static_cast<int>(os_error))));
    case CURLE_OPERATION_TIMEDOUT:  // curl's own limit for connecting: `until` is watched by Drive
      return Fail(Code::kUnavailable, "{}: no connection within 10 s", target.Text());
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return Fail(Code::kInvalid, "{}: our certificates cannot be used: {}", target.Text(), reason);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_TOO_MANY_REDIRECTS:
      // What follows a question mark may be a signature.
      return Fail(Code::kInvalid, "{}: {}", target.url.substr(0, target.url.find('?')), reason);
    case CURLE_SEND_FAIL_REWIND:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return Fail(Code::kUnavailable, "{}: the connection broke: {}", target.Text(), reason);
    default:
      return Fail(Code::kUnavailable, "{}: {}", target.Text(), reason);
  }
}

}  // namespace net
