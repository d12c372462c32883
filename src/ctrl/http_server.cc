#include "ctrl/http_server.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <microhttpd.h>

namespace ctrl {
namespace {

// The numeric address of "HOST:PORT"; an empty host is every interface.
base::Result<sockaddr_in> ReadAddress(const std::string& address) {
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
    return base::Fail(base::Code::kInvalid,
                      "listen address \"{}\": want \":PORT\" or \"IPV4:PORT\"", address);
  }
  return result;
}

MHD_Result Reply(MHD_Connection* connection, const Answer& answer) {
  MHD_Response* response = MHD_create_response_from_buffer(
      answer.body.size(), const_cast<char*>(answer.body.data()), MHD_RESPMEM_MUST_COPY);
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer.content_type.c_str());
  if (answer.status == MHD_HTTP_METHOD_NOT_ALLOWED) {
    MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
  }
  const MHD_Result queued =
      MHD_queue_response(connection, static_cast<unsigned>(answer.status), response);
  MHD_destroy_response(response);
  return queued;
}

Answer AnswerTo(const std::map<std::string, HttpServer::Handler>& handlers, const char* path,
                const std::string& method) {
  auto found = handlers.find(path);
  if (found == handlers.end()) return {404, "not found\n"};
  if (method != "GET" && method != "HEAD") return {405, "only GET is served here\n"};
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
  const auto& handlers = *static_cast<const std::map<std::string, HttpServer::Handler>*>(context);
  return Reply(connection, AnswerTo(handlers, path, method));
}

}  // namespace

struct HttpServer::State {
  MHD_Daemon* daemon = nullptr;
};

HttpServer::HttpServer(std::string address, std::map<std::string, Handler> handlers)
    : address_(std::move(address)),
      handlers_(std::move(handlers)),
      state_(std::make_unique<State>()) {}

HttpServer::~HttpServer() {
  Stop();
}

base::Result<> HttpServer::Start(const base::Until&) {
  const sockaddr_in address = TRY(ReadAddress(address_));
  errno = 0;
  state_->daemon = MHD_start_daemon(
      MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC, 0, nullptr, nullptr, &OnRequest,
      &handlers_, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_CONNECTION_LIMIT, 64u,
      MHD_OPTION_CONNECTION_TIMEOUT, 120u, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_END);
  if (state_->daemon == nullptr) {
    return base::Fail(base::Code::kUnavailable, "cannot listen on {}: {}", address_,
                      std::strerror(errno));
  }
  return base::Ok();
}

void HttpServer::Stop() {
  if (state_->daemon != nullptr) MHD_stop_daemon(std::exchange(state_->daemon, nullptr));
}

int HttpServer::port() const {
  const MHD_DaemonInfo* info = state_->daemon == nullptr
                                   ? nullptr
                                   : MHD_get_daemon_info(state_->daemon, MHD_DAEMON_INFO_BIND_PORT);
  return info == nullptr ? 0 : info->port;
}

std::map<std::string, HttpServer::Handler> HealthHandlers(const Manager& manager) {
  return {{"/healthz",
           [] {
             return Answer{200, "ok\n"};
           }},
          {"/readyz", [&manager] {
             Manager::Health health = manager.Check();
             return Answer{health.ready ? 200 : 503, std::move(health.text)};
           }}};
}

}  // namespace ctrl
