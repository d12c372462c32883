#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "sys/files.h"
#include "vmafx/controller/v1/controller.grpc.pb.h"
#include "vmafx/node/testing/file_server.h"

namespace vmafx::node::testing {

// The clips of the end-to-end cases, 64x64, 8 frames; ctest names the sources.
std::filesystem::path Fixtures();

// A client of a controller, to submit jobs with and to look at them. A call that fails ends the
// test program.
class Submitter {
 public:
  explicit Submitter(const std::string& address);

  std::string Submit(const controller::v1::SubmitJobRequest& request);
  controller::v1::Job Get(const std::string& id);
  void Cancel(const std::string& id);
  // Takes the lease from whoever has it.
  void Release(const std::string& id, const std::string& reason);

 private:
  std::unique_ptr<controller::v1::VmafxController::Stub> stub_;
};

// A job about two raw files of 64x64, 8 bits, 4:2:0.
controller::v1::SubmitJobRequest SmallJob(const std::filesystem::path& reference,
                                          const std::filesystem::path& distorted);
// A job that takes long enough to be interrupted (120 frames of 640x360): writes its files into
// `folder`.
controller::v1::SubmitJobRequest LongJob(const std::filesystem::path& folder);
// The same, but half of its distorted side comes only when `server` releases it: until then it runs
// and cannot end. The worker must trust the server.
controller::v1::SubmitJobRequest HeldJob(const std::filesystem::path& folder, FileServer& server);

// Keeps the lines; calls on_line with each, on the thread that writes it.
class HookSink final : public base::LogSink {
 public:
  void Write(base::Level level, std::string_view line) override;
  std::vector<std::string> lines() const { return kept_.lines(); }

  std::function<void(std::string_view)> on_line;  // set before the first line

 private:
  base::MemorySink kept_;
};

}  // namespace vmafx::node::testing
