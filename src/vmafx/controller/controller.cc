#include "vmafx/controller/controller.h"

#include "value/json.h"

namespace vmafx::controller {

using base::Result;

namespace {

net::Answer StatusAnswer(int code, const char* status, const std::string& reason = {}) {
  value::Json body = {{"status", status}};
  if (!reason.empty()) body["reason"] = reason;
  return {.status = code,
          .body = body.dump(-1, ' ', false, value::Json::error_handler_t::replace),
          .content_type = "application/json"};
}

}  // namespace

Result<std::unique_ptr<Controller>> Controller::Start(const Options& options, base::Clock& clock,
                                                      base::Log log) {
  std::unique_ptr<Controller> controller(new Controller(clock, log));
  controller->dispatcher_ = TRY(Dispatcher::Start(options.dispatcher, clock, log));
  controller->grpc_ =
      TRY(GrpcServer::Start(options.grpc_listen, *controller->dispatcher_, clock, log));
  controller->http_ =
      TRY(net::HttpServer::Start(options.http_listen, controller->MakeHandlers()).During("HTTP"));
  log.Info("HTTP listening",
           {{"address", options.http_listen}, {"port", controller->http_->port()}});
  return controller;
}

Controller::~Controller() {
  if (dispatcher_) dispatcher_->Drain();
}

void Controller::Stop(base::Duration grace) {
  draining_ = true;
  dispatcher_->Drain();
  grpc_->Stop(grace);
}

net::HttpServer::Handlers Controller::MakeHandlers() {
  const auto alive = [] { return StatusAnswer(200, "ok"); };
  return {{"/healthz", alive},
          {"/livez", alive},
          {"/readyz", [this] { return Ready(); }},
          {"/metrics", [this] { return RenderMetrics(); }}};
}

net::Answer Controller::Ready() {
  if (draining_) return StatusAnswer(503, "not ready", "shutting down");
  auto ready = dispatcher_->Ready();
  if (!ready.ok()) {
    return StatusAnswer(503, "not ready", ready.error().message());
  }
  return StatusAnswer(200, "ready");
}

net::Answer Controller::RenderMetrics() {
  auto text = dispatcher_->RenderMetrics(base::Until::After(clock_, std::chrono::seconds(5)));
  if (!text.ok()) return StatusAnswer(500, "error", text.error().message());
  return {.status = 200, .body = *std::move(text), .content_type = "text/plain; version=0.0.4"};
}

}  // namespace vmafx::controller
