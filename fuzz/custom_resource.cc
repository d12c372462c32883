// What the API server sends the operator: the body of an admission request, or objects that our
// kinds' schemas have let through. The first byte says which: a review, or one object a part,
// behind lines "===": a VmafxJob and its Pods, a VmafxNode, a VmafxModelTraining.

#include "base/check.h"
#include "fuzz/input.h"
#include "vmafx/api/job_checks.h"
#include "vmafx/api/node.h"
#include "vmafx/api/training.h"
#include "vmafx/operator/admission.h"
#include "vmafx/operator/dispatch.h"
#include "vmafx/operator/job_request.h"
#include "vmafx/operator/job_status.h"
#include "vmafx/operator/worker_pod.h"

namespace {

using namespace vmafx;  // NOLINT
using kube::Json;

void CheckVerdict(const operators::AdmissionVerdict& verdict, const std::string& uid) {
  CHECK(verdict.allowed == verdict.message.empty());
  const auto answer = value::ParseJson(operators::WriteReview(uid, verdict));
  CHECK(answer.ok() && value::FindString(*answer, {"response", "uid"}) == uid);
}

void CheckReview(std::string_view body) {
  const auto request = operators::ReadReview(body);
  if (!request.ok()) {
    CHECK(!request.error().message().empty());
    return;
  }
  CheckVerdict(operators::JudgeJob(*request), request->uid);
  CheckVerdict(operators::JudgeNode(*request, "cluster.local"), request->uid);
  CheckVerdict(operators::JudgeTraining(*request), request->uid);
}

// Reading back what was written gives the same.
template <typename Thing, typename Read>
void CheckStatus(const Thing& thing, kube::Object object, Read read) {
  const Json written = WriteStatus(thing.status);
  object.json()["status"] = written;
  const auto again = read(object);
  CHECK(again.ok());
  CHECK(WriteStatus(again->status) == written);
}

void CheckJob(const kube::Object& object, const std::vector<kube::Object>& pods) {
  const auto job = api::ReadJob(object);
  if (!job.ok()) {
    CHECK(!job.error().message().empty());
    return;
  }
  CheckStatus(*job, object, api::ReadJob);
  const auto checked = api::CheckJob(*job);
  const auto request = operators::MakeSubmitRequest(*job);
  CHECK(request.ok() == checked.ok());
  operators::JobView view;
  view.job = *job;
  view.now = base::WallTime(std::chrono::seconds(1'800'000'000));
  for (const kube::Object& pod : pods) view.pods.push_back(operators::ReadWorkerPod(pod));
  // Taken as it is, it stays as it is.
  const Json next = WriteStatus(operators::NextStatus(view));
  view.job.status = operators::NextStatus(view);
  CHECK(WriteStatus(operators::NextStatus(view)) == next);
  const kube::Object pod = operators::MakeWorkerPod(*job, {}, {.image = "node:1"});
  CHECK(!pod.json().dump(-1, ' ', false, Json::error_handler_t::replace).empty());
}

void CheckObject(const kube::Object& object, const std::vector<kube::Object>& others) {
  CheckJob(object, others);
  operators::ReadPool(object);
  if (const auto node = api::ReadNode(object); node.ok()) CheckStatus(*node, object, api::ReadNode);
  const auto training = api::ReadTraining(object);
  if (!training.ok()) return;
  CheckStatus(*training, object, api::ReadTraining);
  const auto checked = api::CheckTraining(*training);
  CHECK(checked.ok() || !checked.error().message().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text = fuzz::Text(data + 1, size - 1);
  if (data[0] % 2 == 0) {
    CheckReview(text);
    return 0;
  }
  std::vector<kube::Object> objects;
  for (const std::string_view part : fuzz::Parts(text, "===")) {
    auto json = value::ParseJson(part);
    if (json.ok() && json->is_object()) objects.emplace_back(*std::move(json));
  }
  if (objects.empty()) return 0;
  const kube::Object first = objects[0];
  objects.erase(objects.begin());
  CheckObject(first, objects);
  return 0;
}
