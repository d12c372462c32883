#include "vmafx/operator/job_request.h"

#include "vmafx/api/job_checks.h"

namespace vmafx::operators {
namespace {

base::Result<std::string> UsedBackend(const api::JobSpec& spec) {
  if (spec.backend == "cpu" || spec.backend.empty()) return std::string("cpu");
  if (FallsBackToCpu(spec)) return std::string("cpu");
  return base::Fail(base::Code::kInvalid,
                    "spec.backend \"{}\": this version scores on cpu only (set spec.fallback: cpu "
                    "to allow that)",
                    spec.backend);
}

}  // namespace

bool FallsBackToCpu(const api::JobSpec& spec) {
  return !spec.backend.empty() && spec.backend != "cpu" && spec.fallback == "cpu";
}

base::Result<rpc::SubmitJobRequest> MakeSubmitRequest(const api::Job& job) {
  TRY(api::CheckJob(job));
  rpc::SubmitJobRequest request;
  rpc::ScoringParams& scoring = *request.mutable_scoring();
  scoring.set_backend(TRY(UsedBackend(job.spec)));
  scoring.set_reference(job.spec.reference);
  scoring.set_distorted(job.spec.distorted);
  scoring.set_model(job.spec.model);
  *scoring.mutable_options() = TRY(api::ReadScoreOptions(job.spec.options));
  request.set_idempotency_key(job.uid);
  request.set_pinned(true);
  request.set_namespace_(job.key.ns);
  request.set_name(job.key.name);
  request.set_priority(job.spec.priority);
  return request;
}

}  // namespace vmafx::operators
