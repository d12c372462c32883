#include "net/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <set>

#include <fmt/format.h>
#include <microhttpd.h>

#include "base/text.h"
#include "net/certificates.h"

namespace net {

using base::Code;
using base::Fail;
using base::Result;

namespace {

constexpr unsigned kIdleSeconds = 120;

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

struct Site {
  std::vector<Route> routes;
  HttpServerOptions options;
};

// One request while its body comes in.
struct Incoming {
  Call call;
  bool too_large = false;
};

// What goes out, and for a 405 which methods there are.
struct Outcome {
  Answer answer;
  std::string allow;
};

// What the server itself says. `text` has nothing that JSON would escape.
Answer Refusal(const HttpServerOptions& options, int status, const std::string& text) {
  if (!options.json_errors) return {.status = status, .body = text + "\n"};
  return {
      .status = status, .body = "{\"error\":\"" + text + "\"}", .content_type = "application/json"};
}

ssize_t ReadUntilBroken(void* answer, uint64_t position, char* buffer, size_t most) {
  const Answer& it = *static_cast<const Answer*>(answer);
  const size_t end = std::min(*it.broken_after, it.body.size());
  if (position >= end) return MHD_CONTENT_READER_END_WITH_ERROR;
  return static_cast<ssize_t>(
      it.body.copy(buffer, std::min<size_t>(most, end - position), position));
}

MHD_Response* MakeResponse(const Answer& answer) {
  if (!answer.broken_after)
    return MHD_create_response_from_buffer(
        answer.body.size(), const_cast<char*>(answer.body.data()), MHD_RESPMEM_MUST_COPY);
  return MHD_create_response_from_callback(answer.body.size(), 64 * 1024, &ReadUntilBroken,
                                           new Answer(answer),
                                           [](void* copy) { delete static_cast<Answer*>(copy); });
}

MHD_Result Reply(MHD_Connection* connection, const Outcome& outcome) {
  const Answer& answer = outcome.answer;
  MHD_Response* response = MakeResponse(answer);
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer.content_type.c_str());
  for (const auto& [name, value] : answer.headers) {
    MHD_add_response_header(response, name.c_str(), value.c_str());
  }
  if (!outcome.allow.empty()) {
    MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, outcome.allow.c_str());
  }
  const MHD_Result queued =
      MHD_queue_response(connection, static_cast<unsigned>(answer.status), response);
  MHD_destroy_response(response);
  return queued;
}

bool Matches(const Route& route, const std::string& path) {
  if (!route.path.ends_with("/*")) return route.path == path;
  return path.starts_with(std::string_view(route.path).substr(0, route.path.size() - 1));
}

Outcome AnswerTo(const Site& site, const Call& call) {
  std::set<std::string> methods;
  for (const Route& route : site.routes) {
    if (!Matches(route, call.path)) continue;
    const bool head = call.method == "HEAD" && route.method == "GET";
    if (head || route.method == call.method) return {route.handler(call), ""};
    methods.insert(route.method);
    if (route.method == "GET") methods.insert("HEAD");
  }
  if (methods.empty()) return {Refusal(site.options, 404, "not found"), ""};
  const std::string allow = base::Join({methods.begin(), methods.end()}, ", ");
  return {Refusal(site.options, 405, "only " + allow + " is served here"), allow};
}

MHD_Result KeepHeader(void* call, MHD_ValueKind, const char* name, const char* value) {
  static_cast<Call*>(call)->headers[base::Lower(name)] = value == nullptr ? "" : value;
  return MHD_YES;
}

MHD_Result KeepArgument(void* call, MHD_ValueKind, const char* name, const char* value) {
  static_cast<Call*>(call)->query[name] = value == nullptr ? "" : value;
  return MHD_YES;
}

std::unique_ptr<Incoming> Begin(MHD_Connection* connection, const char* path, const char* method) {
  auto incoming = std::make_unique<Incoming>();
  incoming->call.method = method;
  incoming->call.path = path;
  MHD_get_connection_values(connection, MHD_HEADER_KIND, &KeepHeader, &incoming->call);
  MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, &KeepArgument, &incoming->call);
  return incoming;
}

// A body that is too large is read and dropped before the refusal, for a client that still sends
// when the connection is closed sees it break, not the answer. One beyond all measure is not.
constexpr size_t kMostDropped = size_t{64} << 20;

bool AnnouncesMoreThan(size_t limit, const Call& call) {
  const auto length = call.headers.find("content-length");
  if (length == call.headers.end()) return false;
  uint64_t bytes = 0;
  const char* end = length->second.data() + length->second.size();
  return std::from_chars(length->second.data(), end, bytes).ec != std::errc() || bytes > limit;
}

Outcome TooLarge(const HttpServerOptions& options) {
  return {
      Refusal(options, 413, fmt::format("the body is larger than {} bytes", options.body_limit)),
      ""};
}

MHD_Result OnRequest(void* context, MHD_Connection* connection, const char* path,
                     const char* method, const char*, const char* upload, size_t* upload_size,
                     void** state) {
  const Site& site = *static_cast<const Site*>(context);
  const size_t limit = site.options.body_limit;
  // libmicrohttpd calls once with the headers alone, then for each piece of the body, then for the
  // answer.
  if (*state == nullptr) {
    auto incoming = Begin(connection, path, method);
    if (AnnouncesMoreThan(limit + kMostDropped, incoming->call)) {
      return Reply(connection, TooLarge(site.options));
    }
    *state = incoming.release();
    return MHD_YES;
  }
  Incoming& incoming = *static_cast<Incoming*>(*state);
  if (*upload_size > 0) {
    std::string& body = incoming.call.body;
    incoming.too_large = incoming.too_large || body.size() + *upload_size > limit;
    if (!incoming.too_large) body.append(upload, *upload_size);
    *upload_size = 0;
    return MHD_YES;
  }
  return Reply(connection,
               incoming.too_large ? TooLarge(site.options) : AnswerTo(site, incoming.call));
}

void OnDone(void*, MHD_Connection*, void** state, MHD_RequestTerminationCode) {
  delete static_cast<Incoming*>(*state);
  *state = nullptr;
}

// libmicrohttpd only says that it does not like the material.
Result<> CheckTls(const ServerTls& tls) {
  return CheckKeyPair({tls.certificate_pem, tls.key_pem}).During("TLS");
}

}  // namespace

struct HttpServer::State {
  Site site;
  MHD_Daemon* daemon = nullptr;
};

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& address,
                                                      Handlers handlers) {
  std::vector<Route> routes;
  for (auto& [path, handler] : handlers) {
    routes.push_back(
        {"GET", path, [handler = std::move(handler)](const Call&) { return handler(); }});
  }
  return Start(address, std::move(routes), HttpServerOptions{});
}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& address,
                                                      std::vector<Route> routes,
                                                      HttpServerOptions options) {
  const sockaddr_in listen = TRY(ReadAddress(address));
  if (options.tls) TRY(CheckTls(*options.tls));
  auto state = std::make_unique<State>();
  state->site = {std::move(routes), std::move(options)};
  const HttpServerOptions& chosen = state->site.options;
  unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC;
  flags |= chosen.thread_per_connection ? MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL
                                        : static_cast<unsigned>(MHD_USE_AUTO);
  std::vector<MHD_OptionItem> tls;
  if (chosen.tls) {
    flags |= MHD_USE_TLS;
    tls.push_back(
        {MHD_OPTION_HTTPS_MEM_CERT, 0, const_cast<char*>(chosen.tls->certificate_pem.c_str())});
    tls.push_back({MHD_OPTION_HTTPS_MEM_KEY, 0, const_cast<char*>(chosen.tls->key_pem.c_str())});
  }
  tls.push_back({MHD_OPTION_END, 0, nullptr});
  errno = 0;
  // Not LISTENING_ADDRESS_REUSE: that is SO_REUSEPORT, with which a port that is taken is no error.
  state->daemon = MHD_start_daemon(
      flags, 0, nullptr, nullptr, &OnRequest, &state->site, MHD_OPTION_SOCK_ADDR, &listen,
      MHD_OPTION_CONNECTION_LIMIT, static_cast<unsigned>(chosen.most_connections),
      MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds, MHD_OPTION_NOTIFY_COMPLETED, &OnDone, nullptr,
      MHD_OPTION_ARRAY, tls.data(), MHD_OPTION_END);
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
