#include "net/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include <microhttpd.h>

namespace net {

using base::Code;
using base::Fail;
using base::Result;

namespace {

constexpr unsigned kMostConnections = 64;
constexpr unsigned kIdleSeconds = 120;
constexpr int kMethodNotAllowed = 405;

// The numeric address of "HOST:PORT"; an empty host is every interface.
Result<sockaddr_in> ReadAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  const std::string host = colon == std::string::npos ? "" : address.substr(0, colon);
  const std::string port = colon == std::string::npos ? "" : address.substr(colon + 1);
  const bool digits = !port.empty() && port.size() <= 5 &&
                      port.find_first_not_of("0123456789") == std::string::npos;
  const int number = digits ? std::stoi(port) : -1;
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(static_cast<uint16_t>(number));
  const std::string name = host == "localhost" ? "127.0.0.1" : host.empty() ? "0.0.0.0" : host;
  if (number < 0 || number > 65535 || inet_pton(AF_INET, name.c_str(), &result.sin_addr) != 1) {
    return Fail(Code::kInvalid, "listen address \"{}\": want \":PORT\" or \"IPV4:PORT\"", address);
  }
  return result;
}

MHD_Result Reply(MHD_Connection* connection, const Answer& answer) {
  MHD_Response* response = MHD_create_response_from_buffer(
      answer.body.size(), const_cast<char*>(answer.body.data()), MHD_RESPMEM_MUST_COPY);
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer.content_type.c_str());
  if (answer.status == kMethodNotAllowed) {
    MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
  }
  const MHD_Result queued =
      MHD_queue_response(connection, static_cast<unsigned>(answer.status), response);
  MHD_destroy_response(response);
  return queued;
}

Answer AnswerTo(const HttpServer::Handlers& handlers, const char* path, const std::string& method) {
  auto found = handlers.find(path);
  if (found == handlers.end()) return {404, "not found\n"};
  if (method != "GET" && method != "HEAD") return {kMethodNotAllowed, "only GET is served here\n"};
  return found->second();
}

MHD_Result OnRequest(void* context, MHD_Connection* connection, const char* path,
                     const char* method, const char*, const char*, size_t* upload, void** seen) {
  // libmicrohttpd calls once with the headers alone, then for the body; answer after both, so that
  // the connection is kept alive.
  static constexpr char kSeen = 0;
  if (*seen == nullptr) {
    *seen = const_cast<char*>(&kSeen);
    return MHD_YES;
  }
  if (*upload > 0) {
    *upload = 0;
    return MHD_YES;
  }
  const auto& handlers = *static_cast<const HttpServer::Handlers*>(context);
  return Reply(connection, AnswerTo(handlers, path, method));
}

}  // namespace

struct HttpServer::State {
  Handlers handlers;
  MHD_Daemon* daemon = nullptr;
};

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& address,
                                                      Handlers handlers) {
  const sockaddr_in listen = TRY(ReadAddress(address));
  auto state = std::make_unique<State>();
  state->handlers = std::move(handlers);
  errno = 0;
  // Not LISTENING_ADDRESS_REUSE: that is SO_REUSEPORT, with which a port that is taken is no error.
  state->daemon = MHD_start_daemon(
      MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC, 0, nullptr, nullptr, &OnRequest,
      &state->handlers, MHD_OPTION_SOCK_ADDR, &listen, MHD_OPTION_CONNECTION_LIMIT,
      kMostConnections, MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds, MHD_OPTION_END);
  if (state->daemon == nullptr) {
    return Fail(Code::kUnavailable, "cannot listen on {}: {}", address, std::strerror(errno));
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() {
  MHD_stop_daemon(state_->daemon);
}

int HttpServer::port() const {
  return MHD_get_daemon_info(state_->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

}  // namespace net
