#include "vmafx/operator/admission.h"

#include <algorithm>

#include "base/text.h"
#include "vmafx/api/image_reference.h"
#include "vmafx/api/job_checks.h"
#include "vmafx/api/names.h"
#include "vmafx/api/node.h"
#include "vmafx/api/training.h"
#include "vmafx/operator/job_request.h"

namespace vmafx::operators {
namespace {

using base::Code;
using base::Fail;
using kube::Json;

constexpr char kReviewVersion[] = "admission.k8s.io/v1";
constexpr char kUnprocessable[] = "Invalid";
constexpr int kUnprocessableCode = 422;
constexpr char kTtl[] = "ttlSecondsAfterFinished";  // all that may change of a submitted job

Json SpecOf(const kube::Object& object) {
  const Json* spec = object.Find({"spec"});
  return spec == nullptr || !spec->is_object() ? Json::object() : *spec;
}

// Whether there is nothing to judge: only what is not in the spec nor in `annotation` changes.
bool IsIrrelevant(const AdmissionRequest& request, std::string_view annotation) {
  if (request.operation != "CREATE" && request.operation != "UPDATE") return true;
  if (!request.sub_resource.empty()) return true;
  if (request.operation == "CREATE" || !request.old_object) return false;
  const std::string key(annotation);
  return request.object.deleting() ||
         (SpecOf(request.object) == SpecOf(*request.old_object) &&
          request.object.Annotation(key) == request.old_object->Annotation(key));
}

AdmissionVerdict Denied(std::string message) {
  return {false, std::move(message), {}};
}

// The fields of spec that differ, but for the one that may.
std::vector<std::string> ChangedFields(const Json& old_spec, const Json& new_spec) {
  std::vector<std::string> changed;
  Json all = old_spec;
  all.update(new_spec);
  for (const auto& [field, value] : all.items()) {
    const bool same = old_spec.contains(field) && new_spec.contains(field) &&
                      old_spec.at(field) == new_spec.at(field);
    if (!same && field != kTtl) changed.push_back("spec." + field);
  }
  return changed;
}

// A job that was submitted is scored as it was submitted: a change would be without effect.
base::Result<> CheckChange(const AdmissionRequest& request) {
  if (!request.old_object) return base::Ok();
  const kube::Object& old = *request.old_object;
  const bool submitted = !old.String({"status", "controllerJobID"}).empty() ||
                         !old.String({"status", "finishedAt"}).empty();
  if (!submitted) return base::Ok();
  const auto changed = ChangedFields(SpecOf(old), SpecOf(request.object));
  if (changed.empty()) return base::Ok();
  return Fail(Code::kInvalid,
              "{} cannot change any more, the job is submitted already (spec.{} still can): delete "
              "the job and create it again",
              base::Join(changed, ", "), kTtl);
}

std::vector<std::string> JobWarnings(const api::JobSpec& spec) {
  if (spec.backend == "cpu" || spec.backend.empty() || FallsBackToCpu(spec)) return {};
  return {
      fmt::format("spec.backend {}: this version scores on cpu only, so the job will fail; set "
                  "spec.fallback: cpu to allow that",
                  spec.backend)};
}

}  // namespace

base::Result<AdmissionRequest> ReadReview(std::string_view body) {
  const Json review = TRY(value::ParseJson(body).During("the body"));
  if (value::FindString(review, {"kind"}) != "AdmissionReview" ||
      value::FindString(review, {"apiVersion"}) != kReviewVersion) {
    return Fail(Code::kInvalid, "the body is no AdmissionReview of {}", kReviewVersion);
  }
  AdmissionRequest request;
  request.uid = value::FindString(review, {"request", "uid"});
  if (request.uid.empty()) return base::Error(Code::kInvalid, "the body has no request.uid");
  request.operation = value::FindString(review, {"request", "operation"});
  request.sub_resource = value::FindString(review, {"request", "subResource"});
  request.user = value::FindString(review, {"request", "userInfo", "username"});
  const Json* object = value::Find(review, {"request", "object"});
  if (object != nullptr && object->is_object()) request.object = kube::Object(*object);
  const Json* old_object = value::Find(review, {"request", "oldObject"});
  if (old_object != nullptr && old_object->is_object()) {
    request.old_object = kube::Object(*old_object);
  }
  return request;
}

std::string WriteReview(const std::string& uid, const AdmissionVerdict& verdict) {
  Json response = {{"uid", uid}, {"allowed", verdict.allowed}};
  if (!verdict.warnings.empty()) response["warnings"] = verdict.warnings;
  if (!verdict.allowed) {
    response["status"] = {{"status", "Failure"},
                          {"message", verdict.message},
                          {"reason", kUnprocessable},
                          {"code", kUnprocessableCode}};
  }
  const Json review = {
      {"apiVersion", kReviewVersion}, {"kind", "AdmissionReview"}, {"response", response}};
  // A message may quote a part of what was sent, cut anywhere.
  return review.dump(-1, ' ', false, Json::error_handler_t::replace);
}

AdmissionVerdict JudgeJob(const AdmissionRequest& request) {
  if (IsIrrelevant(request, api::kRcloneSecretAnnotation)) return {};
  auto job = api::ReadJob(request.object);
  if (!job.ok()) return Denied(job.error().message());
  auto changed = CheckChange(request);
  if (!changed.ok()) return Denied(changed.error().message());
  auto checked = api::CheckJob(*job);
  if (!checked.ok()) return Denied(checked.error().message());
  return {true, "", JobWarnings(job->spec)};
}

AdmissionVerdict JudgeNode(const AdmissionRequest& request, const std::string& cluster_domain) {
  if (IsIrrelevant(request, api::kHealthzUrlAnnotation)) return {};
  static constexpr std::string_view kVendors[] = {"nvidia", "amd", "intel", "cpu"};
  std::vector<std::string> problems;
  const std::string vendor = request.object.String({"spec", "gpuVendor"});
  if (std::ranges::find(kVendors, vendor) == std::end(kVendors)) {
    problems.push_back(fmt::format("spec.gpuVendor \"{}\" is not one of nvidia, amd, intel, cpu{}",
                                   vendor,
                                   base::DidYouMean(vendor, {"nvidia", "amd", "intel", "cpu"})));
  }
  const Json* capacity = request.object.Find({"spec", "capacity"});
  if (capacity != nullptr && (!capacity->is_number_integer() || capacity->get<int64_t>() < 1)) {
    problems.push_back("spec.capacity " + capacity->dump() + " is not a number above 0");
  }
  const std::string image = request.object.String({"spec", "image"});
  if (!image.empty()) {
    auto checked = api::CheckImageReference(image);
    if (!checked.ok()) problems.push_back("spec.image: " + checked.error().message());
  }
  const std::string url = request.object.Annotation(std::string(api::kHealthzUrlAnnotation));
  if (!url.empty()) {
    auto checked = api::CheckHealthzUrl(url, cluster_domain);
    if (!checked.ok()) {
      problems.push_back(
          fmt::format("annotation {}: {}", api::kHealthzUrlAnnotation, checked.error().message()));
    }
  }
  if (problems.empty()) return {};
  return Denied(base::Join(problems, "; "));
}

AdmissionVerdict JudgeTraining(const AdmissionRequest& request) {
  if (IsIrrelevant(request, api::kRegistrySecretAnnotation)) return {};
  auto training = api::ReadTraining(request.object);
  if (!training.ok()) return Denied(training.error().message());
  auto checked = api::CheckTraining(*training);
  if (!checked.ok()) return Denied(checked.error().message());
  return {};
}

}  // namespace vmafx::operators
