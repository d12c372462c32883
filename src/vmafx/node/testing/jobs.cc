#include "vmafx/node/testing/jobs.h"

#include <cstdlib>

#include <grpcpp/grpcpp.h>

#include "vmafx/scoring/testing/clips.h"

namespace vmafx::node::testing {

namespace clips = scoring::testing;
namespace fs = std::filesystem;
namespace rpc = controller::v1;

fs::path Fixtures() {
  const char* sources = std::getenv("SEATRIAL_SOURCE_DIR");
  CHECK(sources != nullptr);
  return fs::path(sources) / "test/e2e/fixtures";
}

namespace {

template <typename Method, typename Request, typename Response>
void Call(rpc::VmafxController::Stub& stub, Method method, const Request& request,
          Response& response) {
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  const auto status = (stub.*method)(&context, request, &response);
  if (!status.ok()) base::CheckFailed(__FILE__, __LINE__, "a call", status.error_message());
}

fs::path WriteLongClip(const fs::path& folder, const std::string& name, clips::Side side) {
  const std::string few = clips::MakeClip({640, 360, {}}, 4, side);
  std::string many;
  for (int i = 0; i < 30; ++i) many += few;
  return clips::WriteClip(folder, name, many);
}

}  // namespace

Submitter::Submitter(const std::string& address)
    : stub_(rpc::VmafxController::NewStub(
          grpc::CreateChannel(address, grpc::InsecureChannelCredentials()))) {}

std::string Submitter::Submit(const rpc::SubmitJobRequest& request) {
  rpc::SubmitJobResponse response;
  Call(*stub_, &rpc::VmafxController::Stub::SubmitJob, request, response);
  return response.job_id();
}

rpc::Job Submitter::Get(const std::string& id) {
  rpc::GetJobRequest request;
  request.set_job_id(id);
  rpc::Job job;
  Call(*stub_, &rpc::VmafxController::Stub::GetJob, request, job);
  return job;
}

void Submitter::Cancel(const std::string& id) {
  rpc::CancelJobRequest request;
  request.set_job_id(id);
  rpc::CancelJobResponse response;
  Call(*stub_, &rpc::VmafxController::Stub::CancelJob, request, response);
}

void Submitter::Release(const std::string& id, const std::string& reason) {
  rpc::ReleaseJobRequest request;
  request.set_job_id(id);
  request.set_reason(reason);
  rpc::ReleaseJobResponse response;
  Call(*stub_, &rpc::VmafxController::Stub::ReleaseJob, request, response);
}

rpc::SubmitJobRequest SmallJob(const fs::path& reference, const fs::path& distorted) {
  rpc::SubmitJobRequest request;
  auto& scoring = *request.mutable_scoring();
  scoring.set_reference("file://" + reference.string());
  scoring.set_distorted("file://" + distorted.string());
  auto& options = *scoring.mutable_options();
  options.set_width(64);
  options.set_height(64);
  options.set_pixel_format("420");
  options.set_bitdepth(8);
  return request;
}

rpc::SubmitJobRequest LongJob(const fs::path& folder) {
  auto request = SmallJob(WriteLongClip(folder, "long-ref.yuv", clips::Side::kReference),
                          WriteLongClip(folder, "long-dist.yuv", clips::Side::kDistorted));
  request.mutable_scoring()->mutable_options()->set_width(640);
  request.mutable_scoring()->mutable_options()->set_height(360);
  return request;
}

rpc::SubmitJobRequest HeldJob(const fs::path& folder, FileServer& server) {
  auto request = LongJob(folder);
  const std::string bytes = *sys::ReadFile(folder / "long-dist.yuv");
  server.Add("/long-dist.yuv", bytes, {.cut_after = bytes.size() / 2, .held = true});
  request.mutable_scoring()->set_distorted(server.Url("/long-dist.yuv"));
  return request;
}

void HookSink::Write(base::Level level, std::string_view line) {
  kept_.Write(level, line);
  if (on_line) on_line(line);
}

}  // namespace vmafx::node::testing
