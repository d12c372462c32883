#include "vmafx/controller/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include <microhttpd.h>

namespace vmafx::controller {

using base::Code;
using base::Fail;
using base::Result;

namespace {

constexpr unsigned kIdleSeconds = 120;
constexpr unsigned kMostConnections = 64;

Result<sockaddr_in> ParseAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  sockaddr_in parsed{};
  parsed.sin_family = AF_INET;
  uint16_t port = 0;
  const char* end = address.data() + address.size();
  if (colon != std::string::npos) {
    const auto [rest, problem] = std::from_chars(address.data() + colon + 1, end, port);
    const std::string host = colon == 0 ? "0.0.0.0" : address.substr(0, colon);
    if (problem == std::errc() && rest == end &&
        inet_pton(AF_INET, host.c_str(), &parsed.sin_addr) == 1) {
      parsed.sin_port = htons(port);
      return parsed;
    }
  }
  return Fail(Code::kInvalid, "address \"{}\" is not [IPv4]:port, such as :8080 or 127.0.0.1:8080",
              address);
}

MHD_Result Send(MHD_Connection* connection, const HttpAnswer& answer, const char* allow) {
  MHD_Response* response = MHD_create_response_from_buffer(
      answer.body.size(), const_cast<char*>(answer.body.data()), MHD_RESPMEM_MUST_COPY);
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer.content_type.c_str());
  if (allow != nullptr) MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
  const MHD_Result sent =
      MHD_queue_response(connection, static_cast<unsigned>(answer.status), response);
  MHD_destroy_response(response);
  return sent;
}

MHD_Result OnRequest(void* handlers_pointer, MHD_Connection* connection, const char* url,
                     const char* method, const char*, const char*, size_t* upload_size,
                     void** seen) {
  // Called once for the head and again for the body; the answer is given at the end.
  static int head_seen = 0;
  if (*seen == nullptr) {
    *seen = &head_seen;
    return MHD_YES;
  }
  if (*upload_size != 0) {
    *upload_size = 0;  // thrown away
    return MHD_YES;
  }
  const auto& handlers = *static_cast<const HttpServer::Handlers*>(handlers_pointer);
  const auto handler = handlers.find(url);
  if (handler == handlers.end()) {
    return Send(connection, {.status = 404, .body = R"({"error": "no such path"})"}, nullptr);
  }
  const std::string verb = method;
  if (verb != "GET" && verb != "HEAD") {
    return Send(connection, {.status = 405, .body = R"({"error": "only GET"})"}, "GET, HEAD");
  }
  return Send(connection, handler->second(), nullptr);
}

}  // namespace

struct HttpServer::State {
  Handlers handlers;
  MHD_Daemon* daemon = nullptr;
  int port = 0;
};

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& address, Handlers handlers,
                                                      base::Log log) {
  const sockaddr_in listen = TRY(ParseAddress(address));
  auto state = std::make_unique<State>();
  state->handlers = std::move(handlers);
  errno = 0;
  state->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL, 0, nullptr,
                                   nullptr, &OnRequest, &state->handlers, MHD_OPTION_SOCK_ADDR,
                                   &listen, MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds,
                                   MHD_OPTION_CONNECTION_LIMIT, kMostConnections, MHD_OPTION_END);
  if (state->daemon == nullptr) {
    return Fail(Code::kUnavailable, "cannot listen on {} for HTTP: {}", address,
                std::strerror(errno));
  }
  state->port = MHD_get_daemon_info(state->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
  log.Info("HTTP listening", {{"address", address}, {"port", state->port}});
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() {
  MHD_stop_daemon(state_->daemon);
}

int HttpServer::port() const {
  return state_->port;
}

}  // namespace vmafx::controller
