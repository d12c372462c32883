#include "vmafx/operator/testing/world.h"

#include <algorithm>

#include <grpcpp/grpcpp.h>

#include "base/text.h"
#include "vmafx/operator/staffing.h"
#include "vmafx/operator/testing/chart.h"

namespace vmafx::operators::testing {

using kube::Json;
using kube::Key;

namespace {

// A call waits for a controller that is starting, but not for ever.
void Patiently(grpc::ClientContext& context) {
  context.set_wait_for_ready(true);
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
}

}  // namespace

HandWorker::HandWorker(const std::string& address, const std::string& pod, const std::string& ns,
                       const std::string& vmafx_node)
    : stub_(rpc::VmafxController::NewStub(
          grpc::CreateChannel(address, grpc::InsecureChannelCredentials()))) {
  grpc::ClientContext context;
  Patiently(context);
  rpc::RegisterNodeRequest request;
  request.set_name(pod);
  request.set_namespace_(ns);
  request.set_vmafx_node(vmafx_node);
  request.mutable_capability()->set_gpu_vendor("cpu");
  request.mutable_capability()->add_backends("cpu");
  request.mutable_capability()->set_concurrency(1);
  rpc::RegisterNodeResponse response;
  const grpc::Status status = stub_->RegisterNode(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  node_id_ = response.node_id();
  session_ = response.session_token();
}

bool HandWorker::Pull(const std::string& job_id) {
  grpc::ClientContext context;
  Patiently(context);
  rpc::PullWorkRequest request;
  request.set_node_id(node_id_);
  request.set_session_token(session_);
  request.mutable_capability()->add_backends("cpu");
  request.set_job_id(job_id);
  rpc::PullWorkResponse response;
  const grpc::Status status = stub_->PullWork(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  job_ = response.job();
  return response.has_job();
}

void HandWorker::ReportScore(double score) {
  rpc::ReportResultRequest request;
  request.set_score(score);
  for (int i = 0; i < 8; ++i) request.add_partial_scores(score);
  auto* pooled = request.mutable_pooled();
  pooled->set_mean(score);
  pooled->set_harmonic_mean(score);
  pooled->set_min(score);
  pooled->set_max(score);
  pooled->set_p1(score);
  pooled->set_p5(score);
  pooled->set_frames(8);
  request.mutable_provenance()->set_model("vmaf_v0.6.1");
  request.mutable_provenance()->set_backend_used("cpu");
  (*request.mutable_features())["adm2"] = 0.5;
  Report(std::move(request));
}

void HandWorker::ReportFailure(const std::string& error) {
  rpc::ReportResultRequest request;
  request.set_error(error);
  Report(std::move(request));
}

void HandWorker::Report(rpc::ReportResultRequest request) {
  request.set_node_id(node_id_);
  request.set_session_token(session_);
  request.set_job_id(job_.id());
  request.set_attempt(job_.attempt());
  request.set_final(true);
  grpc::ClientContext context;
  Patiently(context);
  rpc::ReportResultResponse response;
  const grpc::Status status = stub_->ReportResult(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

OperatorWorld::OperatorWorld() {
  auto& server = kube::testing::SharedApiServer();
  admin_ = kube::MakeClient(server.Admin(), base::Log::Nowhere());
  auto applied = ApplyChart(*admin_, Long());
  EXPECT_TRUE(applied.ok()) << applied.error().message();
  namespace_.emplace(*admin_);
  ns_ = namespace_->name();
  auto access = server.As("system:serviceaccount:vmafx-system:vmafx-operator",
                          {"system:serviceaccounts", "system:authenticated"});
  EXPECT_TRUE(access.ok()) << access.error().message();
  operator_client_ = kube::MakeClient(*access, base::Log::Nowhere(), "vmafx-operator");
  controller_client_ = *MakeGrpcControllerClient({.address = controller_.address()});
  settings_.image = "vmafx-node:test";
  settings_.controller_address = controller_.address();
  jobs_.emplace(*admin_, kube::StoreOptions{kJobKind, ns_, {}}, clock_, base::Log::Nowhere());
  pods_.emplace(*admin_, kube::StoreOptions{kPodKind, ns_, {}}, clock_, base::Log::Nowhere());
}

OperatorWorld::~OperatorWorld() {
  StopOperator();
  // Namespaces are never emptied here, and the next test's operator sees all of them.
  for (const kube::ObjectPtr& job : jobs_->List()) {
    const Json none = {{"metadata", {{"finalizers", nullptr}}}};
    static_cast<void>(admin_->MergePatch(kJobKind, job->key(), none, "", Long()));
    static_cast<void>(admin_->Delete(kJobKind, job->key(), {}, Long()));
  }
  for (const kube::ObjectPtr& pod : pods_->List()) DeletePod(pod->name());
  if (HasFailure()) {
    for (const std::string& line : sink_->lines()) fmt::print(stderr, "operator: {}\n", line);
  }
}

OperatorOptions OperatorWorld::Options() const {
  OperatorOptions options;
  options.metrics_address = "127.0.0.1:0";
  options.health_address = "127.0.0.1:0";
  options.worker = settings_;
  options.nodes = nodes_options_;
  options.trainings = trainings_options_;
  return options;
}

void OperatorWorld::StartOperator() {
  operator_ = std::make_unique<Replica>(Options(), *operator_client_, *controller_client_, clock_,
                                        base::Log(sink_, base::Level::kDebug));
}

void OperatorWorld::StopOperator() {
  operator_.reset();
}

void OperatorWorld::CreateJob(const std::string& name, const Json& changes) {
  Json json = Json::parse(R"({"apiVersion": "vmafx.dev/v1", "kind": "VmafxJob",
      "spec": {"reference": "file:///fixtures/ref.yuv", "distorted": "file:///fixtures/dist.yuv",
               "model": "vmaf_v0.6.1",
               "options": {"width": 64, "height": 64, "pixelFormat": "420", "bitdepth": 8},
               "inputs": [{"name": "fixtures", "configMap": {"name": "vmafx-fixtures"},
                           "mountPath": "/fixtures"}]}})");
  json["metadata"] = {{"name", name}, {"namespace", ns_}};
  json["spec"].merge_patch(changes);
  auto created = admin_->Create(kube::Object(json), Long());
  ASSERT_TRUE(created.ok()) << created.error().message();
}

void OperatorWorld::CreateNode(const std::string& name, int capacity) {
  const Json json = {{"apiVersion", "vmafx.dev/v1"},
                     {"kind", "VmafxNode"},
                     {"metadata", {{"name", name}, {"namespace", ns_}}},
                     {"spec", {{"gpuVendor", "cpu"}, {"capacity", capacity}}}};
  auto created = admin_->Create(kube::Object(json), Long());
  ASSERT_TRUE(created.ok()) << created.error().message();
}

void OperatorWorld::DeleteJob(const std::string& name) {
  auto deleted = admin_->Delete(kJobKind, {ns_, name}, {}, Long());
  ASSERT_TRUE(deleted.ok()) << deleted.error().message();
}

kube::Object OperatorWorld::AwaitJob(const std::string& name, const std::string& what,
                                     const std::function<bool(const kube::Object&)>& ready) {
  const Key key{ns_, name};
  auto waited = jobs_->WaitFor(
      [&](const kube::Store::Snapshot& snapshot) {
        auto found = snapshot.objects.find(key);
        return found != snapshot.objects.end() && ready(*found->second);
      },
      Long());
  const kube::ObjectPtr job = jobs_->Find(key);
  EXPECT_TRUE(waited.ok()) << "waited for " << what << "; " << name << " is "
                           << (job == nullptr ? "not there" : job->json().dump(2));
  return job == nullptr ? kube::Object() : *job;
}

kube::Object OperatorWorld::AwaitPhase(const std::string& name, const std::string& phase) {
  return AwaitJob(name, "phase " + phase, [&](const kube::Object& job) {
    return job.String({"status", "phase"}) == phase;
  });
}

void OperatorWorld::AwaitGone(const std::string& name) {
  auto waited = jobs_->WaitFor(
      [&](const kube::Store::Snapshot& snapshot) {
        return snapshot.objects.count({ns_, name}) == 0;
      },
      Long());
  EXPECT_TRUE(waited.ok()) << name << " is still there";
}

kube::Object OperatorWorld::AwaitPod(const std::string& name) {
  const Key key{ns_, name};
  auto waited = pods_->WaitFor(
      [&](const kube::Store::Snapshot& snapshot) { return snapshot.objects.count(key) > 0; },
      Long());
  EXPECT_TRUE(waited.ok()) << "no Pod " << name << ", there are: " << Pods();
  const kube::ObjectPtr pod = pods_->Find(key);
  return pod == nullptr ? kube::Object() : *pod;
}

std::string OperatorWorld::Pods() {
  std::vector<std::string> names;
  auto pods = admin_->List(kPodKind, {.ns = ns_}, Long());
  EXPECT_TRUE(pods.ok()) << pods.error().message();
  if (!pods.ok()) return "not listed";
  for (const kube::ObjectPtr& pod : pods->items) names.push_back(pod->name());
  std::sort(names.begin(), names.end());
  return base::Join(names, " ");
}

std::string OperatorWorld::EventReasons(const std::string& job) {
  std::vector<std::string> reasons;
  auto events = admin_->List({"", "v1", "Event"}, {.ns = ns_}, Long());
  EXPECT_TRUE(events.ok()) << events.error().message();
  if (!events.ok()) return "not listed";
  for (const kube::ObjectPtr& event : events->items) {
    if (event->String({"involvedObject", "name"}) == job) {
      reasons.push_back(event->String({"reason"}));
    }
  }
  std::sort(reasons.begin(), reasons.end());
  return base::Join(reasons, " ");
}

void OperatorWorld::SetPod(const std::string& name, const Json& status) {
  AwaitPod(name);
  auto patched = admin_->MergePatch(kPodKind, {ns_, name}, {{"status", status}}, "status", Long());
  ASSERT_TRUE(patched.ok()) << patched.error().message();
}

void OperatorWorld::RunPod(const std::string& name) {
  SetPod(name, {{"phase", "Running"},
                {"containerStatuses",
                 {{{"name", "worker"},
                   {"image", "x"},
                   {"imageID", ""},
                   {"ready", true},
                   {"restartCount", 0},
                   {"state", {{"running", {{"startedAt", "2026-01-01T00:00:00Z"}}}}}}}}});
}

void OperatorWorld::EndPod(const std::string& name, int exit_code, const std::string& reason) {
  SetPod(name, {{"phase", exit_code == 0 ? "Succeeded" : "Failed"},
                {"containerStatuses",
                 {{{"name", "worker"},
                   {"image", "x"},
                   {"imageID", ""},
                   {"ready", false},
                   {"restartCount", 0},
                   {"state", {{"terminated", {{"exitCode", exit_code}, {"reason", reason}}}}}}}}});
}

void OperatorWorld::DeletePod(const std::string& name) {
  kube::DeleteOptions options;
  options.grace_seconds = 0;
  auto deleted = admin_->Delete(kPodKind, {ns_, name}, options, Long());
  EXPECT_TRUE(deleted.ok() || deleted.Is(base::Code::kNotFound)) << deleted.error().message();
}

std::string OperatorWorld::ControllerId(const std::string& job) {
  return AwaitJob(job, "controllerJobID",
                  [](const kube::Object& object) {
                    return !object.String({"status", "controllerJobID"}).empty();
                  })
      .String({"status", "controllerJobID"});
}

rpc::Job OperatorWorld::AtController(const std::string& id) {
  auto job = controller_client_->Get(id, Long());
  EXPECT_TRUE(job.ok()) << job.error().message();
  return job.ok() ? *job : rpc::Job();
}

}  // namespace vmafx::operators::testing
