#include "vmafx/controller/controller.h"

#include "kube/text_file.h"

namespace vmafx::controller {

using base::Result;

namespace {

// Beside scores under way, for probes and lookers-on.
constexpr int kSpareConnections = 64;

// Both files of the server's certificate; kInvalid when only one is named.
Result<std::optional<net::ServerTls>> ReadTls(const TlsFiles& files) {
  if (files.certificate.empty() != files.key.empty()) {
    return base::Error(base::Code::kInvalid,
                       "TLS needs both a certificate and a key: set VMAFX_TLS_CERT_FILE and "
                       "VMAFX_TLS_KEY_FILE");
  }
  if (!files.on()) return std::optional<net::ServerTls>();
  return std::optional(net::ServerTls{
      .certificate_pem = TRY(kube::ReadTextFile(files.certificate).During("TLS certificate")),
      .key_pem = TRY(kube::ReadTextFile(files.key).During("TLS key"))});
}

void SayWhatIsOff(const Options& options, const base::Log& log) {
  if (options.auth.mode == AuthOptions::Mode::kNone) {
    log.Warn("identity is off: whoever reaches the ports may submit, pull and report (VMAFX_AUTH)");
  }
  if (!options.tls.on()) {
    log.Warn("TLS is off: jobs and tokens travel in the clear (VMAFX_TLS_CERT_FILE)");
  }
  if (options.dispatcher.retention <= base::Duration::zero()) {
    log.Warn("retention is off: finished jobs are kept for ever (VMAFX_RETENTION)");
  }
}

}  // namespace

Result<std::unique_ptr<Controller>> Controller::Start(const Options& options, base::Clock& clock,
                                                      base::Log log) {
  std::unique_ptr<Controller> controller(new Controller(clock, log));
  SayWhatIsOff(options, log);
  controller->dispatcher_ = TRY(Dispatcher::Start(options.dispatcher, clock, log));
  auto kubernetes =
      options.kubernetes ? kube::MakeClient(*options.kubernetes, log, "vmafx-controller") : nullptr;
  controller->authenticator_ =
      TRY(MakeAuthenticator(options.auth, std::move(kubernetes), clock, log).During("identity"));
  TRY(controller->StartServers(options));
  return controller;
}

Result<> Controller::StartServers(const Options& options) {
  net::HttpServerOptions http;
  http.tls = TRY(ReadTls(options.tls));
  http.thread_per_connection = true;
  http.json_errors = true;
  http.most_connections = options.rest.most_scores + kSpareConnections;
  rest_ = std::make_unique<Rest>(
      *dispatcher_, *authenticator_, options.rest, [this] { return Ready(); },
      options.dispatcher.version, clock_);
  grpc_ = TRY(GrpcServer::Start(options.grpc_listen, options.tls, *dispatcher_, *authenticator_,
                                clock_, log_));
  const bool tls = http.tls.has_value();
  http_ = TRY(
      net::HttpServer::Start(options.http_listen, rest_->Routes(), std::move(http)).During("HTTP"));
  log_.Info(
      "HTTP listening",
      {{"address", options.http_listen}, {"port", http_->port()}, {"tls", tls ? "on" : "off"}});
  return base::Ok();
}

Controller::~Controller() {
  if (dispatcher_) dispatcher_->Drain();
}

void Controller::Stop(base::Duration grace) {
  draining_ = true;
  dispatcher_->Drain();
  grpc_->Stop(grace);
}

Result<> Controller::Ready() const {
  if (draining_) return base::Error(base::Code::kUnavailable, "shutting down");
  return dispatcher_->Ready();
}

}  // namespace vmafx::controller
