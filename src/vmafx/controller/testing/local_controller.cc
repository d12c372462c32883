#include "vmafx/controller/testing/local_controller.h"

namespace vmafx::controller::testing {

LocalController::LocalController(base::Clock& clock, Options options)
    : clock_(clock), options_(std::move(options)), folder_(*sys::TempDir::Make("controller")) {
  options_.grpc_listen = "127.0.0.1:0";
  options_.http_listen = "127.0.0.1:0";
  options_.dispatcher.database = folder_.path() / "jobs.db";
  Start();
}

void LocalController::Start() {
  controller_ = *Controller::Start(options_, clock_, base::Log(sink_, base::Level::kDebug));
}

std::string LocalController::address() const {
  return fmt::format("127.0.0.1:{}", controller_->grpc_port());
}

void LocalController::Stop() {
  controller_->Stop(std::chrono::seconds(1));
}

void LocalController::Restart() {
  options_.grpc_listen = address();
  controller_.reset();
  Start();
}

}  // namespace vmafx::controller::testing
