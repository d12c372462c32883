#include "vmafx/controller/testing/local_controller.h"

namespace vmafx::controller::testing {

LocalController::LocalController(base::Clock& clock, Options options)
    : clock_(clock), options_(std::move(options)), folder_(*sys::TempDir::Make("controller")) {
  options_.grpc_listen = grpc_port_.address();
  options_.http_listen = "127.0.0.1:0";
  options_.dispatcher.database = folder_.path() / "jobs.db";
  Start();
}

void LocalController::Start() {
  controller_ = *Controller::Start(options_, clock_, base::Log(sink_, base::Level::kDebug));
}

std::string LocalController::address() const {
  return grpc_port_.address();
}

void LocalController::Stop(base::Duration grace) {
  controller_->Stop(grace);
}

void LocalController::Restart() {
  controller_.reset();
  Start();
}

}  // namespace vmafx::controller::testing
