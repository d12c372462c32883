#include "vmafx/operator/testing/auto_worker.h"

#include <set>

#include <gtest/gtest.h>

#include "vmafx/operator/testing/world.h"

namespace vmafx::operators::testing {
namespace {

using kube::Json;

std::string JobIdOf(const kube::Object& pod) {
  const Json* env = pod.Find({"spec", "containers", "0", "env"});
  for (const Json& each : env == nullptr ? Json::array() : *env) {
    if (each.value("name", "") == "VMAFX_JOB_ID") return each.value("value", "");
  }
  return "";
}

}  // namespace

AutoWorker::AutoWorker(kube::Client& admin, base::Clock& clock, std::string ns,
                       std::string controller, double score,
                       std::function<bool(const std::string&)> survives)
    : admin_(admin),
      clock_(clock),
      ns_(std::move(ns)),
      controller_(std::move(controller)),
      score_(score),
      survives_(std::move(survives)),
      pods_(admin, kube::StoreOptions{kPodKind, ns_, WorkerLabels()}, clock, base::Log::Nowhere()) {
  crew_.Start("auto-worker", [this](std::stop_token stop) { Work(std::move(stop)); });
}

AutoWorker::~AutoWorker() {
  crew_.StopAndJoin();
}

void AutoWorker::Work(std::stop_token stop) {
  const base::Until until(clock_, base::Instant::max(), stop);
  std::set<std::string> seen;  // by UID
  while (!until.Stopped()) {
    std::vector<kube::ObjectPtr> fresh;
    static_cast<void>(pods_.WaitFor(
        [&](const kube::Store::Snapshot& snapshot) {
          fresh.clear();
          for (const auto& [key, pod] : snapshot.objects) {
            const bool idle = pod->deleting() || ReadWorkerPod(*pod).ended;
            if (seen.count(pod->uid()) == 0 && !idle) fresh.push_back(pod);
          }
          return !fresh.empty();
        },
        until));
    for (const kube::ObjectPtr& pod : fresh) {
      if (until.Stopped()) return;
      seen.insert(pod->uid());
      Run(*pod, until);
    }
  }
}

void AutoWorker::Run(const kube::Object& pod, const base::Until& until) {
  if (!survives_(pod.name())) return End(pod.key(), 137, until);
  HandWorker worker(controller_, pod.name(), ns_);
  // Nothing to do is no fault: the job may be over, or cancelled.
  if (worker.Pull(JobIdOf(pod))) worker.ReportScore(score_);
  End(pod.key(), 0, until);
}

void AutoWorker::End(const kube::Key& pod, int exit_code, const base::Until& until) {
  const Json terminated = {{"exitCode", exit_code},
                           {"reason", exit_code == 0 ? "Completed" : "Error"}};
  const Json status = {{"phase", exit_code == 0 ? "Succeeded" : "Failed"},
                       {"containerStatuses",
                        {{{"name", "worker"},
                          {"image", "x"},
                          {"imageID", ""},
                          {"ready", false},
                          {"restartCount", 0},
                          {"state", {{"terminated", terminated}}}}}}};
  auto patched = admin_.MergePatch(kPodKind, pod, {{"status", status}}, "status", until);
  EXPECT_TRUE(patched.ok() || patched.Is(base::Code::kNotFound) || until.Stopped())
      << patched.error().message();
}

}  // namespace vmafx::operators::testing
