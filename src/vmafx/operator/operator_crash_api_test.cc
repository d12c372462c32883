// The operator is killed before each single step that it makes, and started again: whatever the
// step, every attempt has one Pod, the controller has one job, and the end is the same.

#include <set>

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "vmafx/operator/testing/auto_worker.h"
#include "vmafx/operator/testing/mortal.h"
#include "vmafx/operator/testing/world.h"

namespace vmafx::operators::testing {
namespace {

using kube::Json;

constexpr int kMostSteps = 60;  // no story of these has so many

class OperatorCrashApiTest : public OperatorWorld {
 protected:
  // An operator that is killed before its step number `steps` (from 0). True when it was; false
  // when it came to the end `over` before. It is gone when this returns.
  bool RunMortal(int steps, const std::string& job,
                 const std::function<bool(const kube::Object*)>& over) {
    Life life(steps);
    MortalClient client(*operator_client_, life);
    MortalController controller(*controller_client_, life);
    kube::Store jobs(*admin_, {kJobKind, ns_, {}}, clock_, base::Log::Nowhere());
    Replica replica(Options(), client, controller, clock_, base::Log(sink_, base::Level::kDebug));
    // Whichever comes first: each wakes the same waiter.
    base::Crew crew;
    std::stop_source stop;
    crew.Start("death", [&](std::stop_token token) {
      if (life.AwaitDeath(base::Until(clock_, base::Instant::max(), std::move(token))).ok()) {
        stop.request_stop();
      }
    });
    auto waited = jobs.WaitFor(
        [&](const kube::Store::Snapshot& snapshot) {
          if (!snapshot.synced) return false;
          auto found = snapshot.objects.find({ns_, job});
          return over(found == snapshot.objects.end() ? nullptr : found->second.get());
        },
        Long().Stopping(stop.get_token()));
    EXPECT_TRUE(waited.ok() || life.dead()) << waited.error().message() << " at step " << steps;
    return life.dead();
  }

  // Succeeded or failed, and all is written.
  static bool IsRetired(const kube::Object* job) {
    return job != nullptr && !job->String({"status", "finishedAt"}).empty() &&
           job->Find({"metadata", "finalizers"}) == nullptr;
  }

  void AwaitRetired(const std::string& name) {
    AwaitJob(name, "the end", [](const kube::Object& job) { return IsRetired(&job); });
  }

  std::string PodsOf(const std::string& job) {
    std::set<std::string> names;
    auto pods = admin_->List(kPodKind, {.ns = ns_, .labels = {{"vmafx.dev/job", job}}}, Long());
    EXPECT_TRUE(pods.ok()) << pods.error().message();
    std::string text;
    for (const kube::ObjectPtr& pod : pods->items) names.insert(pod->name());
    for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
    return text;
  }

  // The jobs that the controller has of a VmafxJob, whoever submitted them.
  std::vector<rpc::Job> Submitted(const std::string& name) {
    std::vector<rpc::Job> jobs;
    auto stub = rpc::VmafxController::NewStub(
        grpc::CreateChannel(controller_.address(), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    auto reader = stub->StreamJobs(&context, {});
    rpc::Job job;
    while (reader->Read(&job)) {
      if (job.name() == name && job.namespace_() == ns_) jobs.push_back(job);
    }
    EXPECT_TRUE(reader->Finish().ok());
    return jobs;
  }
};

TEST_F(OperatorCrashApiTest, ScoresAJobOnceWhereverItIsKilled) {
  int deaths = 0;
  for (int steps = 0; steps < kMostSteps; ++steps) {
    const std::string name = fmt::format("job{}", steps);
    AutoWorker worker(*admin_, clock_, ns_, controller_.address(), 42.5);
    CreateJob(name);
    const bool killed = RunMortal(steps, name, IsRetired);
    deaths += killed ? 1 : 0;
    if (killed) StartOperator();
    AwaitRetired(name);
    StopOperator();

    const kube::Object job = *admin_->Get(kJobKind, {ns_, name}, Long());
    EXPECT_EQ(job.String({"status", "phase"}), "Succeeded") << "killed before step " << steps;
    EXPECT_EQ(*job.Find({"status", "score"}), 42.5) << steps;
    EXPECT_EQ(*job.Find({"status", "attempts"}), 1) << steps;
    EXPECT_EQ(PodsOf(name), name + "-1") << steps;
    const auto submitted = Submitted(name);
    ASSERT_EQ(submitted.size(), 1u) << steps;
    EXPECT_EQ(submitted[0].id(), job.String({"status", "controllerJobID"})) << steps;
    EXPECT_EQ(submitted[0].attempt(), 1) << steps;
    EXPECT_EQ(EventReasons(name), "Scored Submitted WorkerCreated") << steps;
    if (HasFailure()) break;
    if (!killed) break;
  }
  EXPECT_GE(deaths, 7);
  fmt::print("killed before {} different steps\n", deaths);
}

TEST_F(OperatorCrashApiTest, ReplacesALostWorkerOnceWhereverItIsKilled) {
  int deaths = 0;
  for (int steps = 0; steps < kMostSteps; ++steps) {
    const std::string name = fmt::format("job{}", steps);
    AutoWorker worker(*admin_, clock_, ns_, controller_.address(), 7,
                      [](const std::string& pod) { return !pod.ends_with("-1"); });
    CreateJob(name);
    const bool killed = RunMortal(steps, name, IsRetired);
    deaths += killed ? 1 : 0;
    if (killed) StartOperator();
    AwaitRetired(name);
    StopOperator();

    const kube::Object job = *admin_->Get(kJobKind, {ns_, name}, Long());
    EXPECT_EQ(job.String({"status", "phase"}), "Succeeded") << "killed before step " << steps;
    EXPECT_EQ(*job.Find({"status", "score"}), 7) << steps;
    EXPECT_EQ(*job.Find({"status", "attempts"}), 2) << steps;
    EXPECT_EQ(PodsOf(name), name + "-1 " + name + "-2") << steps;
    EXPECT_EQ(Submitted(name).size(), 1u) << steps;
    EXPECT_EQ(EventReasons(name), "Scored Submitted WorkerCreated WorkerCreated WorkerLost")
        << steps;
    if (HasFailure()) break;
    if (!killed) break;
  }
  EXPECT_GE(deaths, 10);
  fmt::print("killed before {} different steps\n", deaths);
}

TEST_F(OperatorCrashApiTest, CancelsADeletedJobWhereverItIsKilled) {
  int deaths = 0;
  for (int steps = 0; steps < kMostSteps; ++steps) {
    const std::string name = fmt::format("job{}", steps);
    StartOperator();
    CreateJob(name);
    const std::string id = ControllerId(name);
    AwaitPod(name + "-1");
    AwaitJob(name, "its worker", [](const kube::Object& job) {
      return job.Find({"status", "attempts"}) != nullptr;
    });
    StopOperator();
    DeleteJob(name);
    const bool killed =
        RunMortal(steps, name, [](const kube::Object* job) { return job == nullptr; });
    deaths += killed ? 1 : 0;
    if (killed) StartOperator();
    AwaitGone(name);
    StopOperator();

    EXPECT_EQ(AtController(id).status(), rpc::CANCELLED) << "killed before step " << steps;
    EXPECT_EQ(PodsOf(name), "") << steps;
    EXPECT_EQ(Submitted(name).size(), 1u) << steps;
    if (HasFailure()) break;
    if (!killed) break;
  }
  EXPECT_GE(deaths, 3);
  fmt::print("killed before {} different steps\n", deaths);
}

TEST_F(OperatorCrashApiTest, RemovesAFinishedJobInTimeWhereverItIsKilled) {
  for (int steps = 0; steps < kMostSteps; ++steps) {
    const std::string name = fmt::format("job{}", steps);
    AutoWorker worker(*admin_, clock_, ns_, controller_.address(), 1);
    CreateJob(name, {{"ttlSecondsAfterFinished", 0}});
    const bool killed =
        RunMortal(steps, name, [](const kube::Object* job) { return job == nullptr; });
    if (killed) StartOperator();
    AwaitGone(name);
    StopOperator();

    EXPECT_EQ(Submitted(name).size(), 1u) << steps;
    if (HasFailure()) break;
    if (!killed) break;
  }
}

}  // namespace
}  // namespace vmafx::operators::testing
