// Several operators, many jobs.

#include <set>

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "vmafx/operator/testing/auto_worker.h"
#include "vmafx/operator/testing/chart.h"
#include "vmafx/operator/testing/mortal.h"
#include "vmafx/operator/testing/world.h"

namespace vmafx::operators::testing {
namespace {

using kube::Json;

const kube::Kind kLease{"coordination.k8s.io", "v1", "Lease"};

// Two operators that elect a leader, as two Pods of the Deployment.
class OperatorReplicasApiTest : public OperatorWorld {
 protected:
  OperatorReplicasApiTest() {
    auto objects = RenderChart({"--set", "operator.leaderElect=true"}, Long());
    EXPECT_TRUE(objects.ok()) << objects.error().message();
    for (const kube::Object& object : *objects) {
      if (object.kind().kind != "Role" && object.kind().kind != "RoleBinding") continue;
      auto applied = admin_->Apply(object, "test", "", Long());
      EXPECT_TRUE(applied.ok()) << applied.error().message();
    }
    static_cast<void>(admin_->Delete(kLease, kLeaseKey, {}, Long()));
  }

  // With a lease that a late thread does not lose: a leader that stops gives it back at once.
  OperatorOptions Electing(const std::string& identity) const {
    OperatorOptions options = Options();
    options.leader_election = true;
    options.lease = kLeaseKey;
    options.identity = identity;
    options.lease_duration = std::chrono::seconds(60);
    return options;
  }

  std::string Leader() {
    auto lease = admin_->Get(kLease, kLeaseKey, Long());
    return lease.ok() ? lease->String({"spec", "holderIdentity"}) : "";
  }

  void AwaitLeader(const std::string& identity) {
    kube::Store leases(*admin_, {kLease, kLeaseKey.ns, {}}, clock_, base::Log::Nowhere());
    auto waited = leases.WaitFor(
        [&](const kube::Store::Snapshot& snapshot) {
          auto found = snapshot.objects.find(kLeaseKey);
          return found != snapshot.objects.end() &&
                 found->second->String({"spec", "holderIdentity"}) == identity;
        },
        Long());
    EXPECT_TRUE(waited.ok()) << identity << " does not lead, but " << Leader();
  }

  // Whether a process has begun to work, by its log.
  static bool Works(const base::MemorySink& sink) {
    for (const std::string& line : sink.lines()) {
      if (line.find("all parts run") != std::string::npos) return true;
    }
    return false;
  }

  // Its first part is at work a moment before it says that all are.
  void ExpectWork(const base::MemorySink& sink) {
    const base::Until until = Long();
    while (!Works(sink) && until.Pause(std::chrono::milliseconds(5))) {
    }
    EXPECT_TRUE(Works(sink));
  }

  const kube::Key kLeaseKey{"vmafx-system", "vmafx-operator.vmafx.dev"};
  std::shared_ptr<base::MemorySink> first_log_ = std::make_shared<base::MemorySink>();
  std::shared_ptr<base::MemorySink> second_log_ = std::make_shared<base::MemorySink>();
};

TEST_F(OperatorReplicasApiTest, OneWorksAndTheOtherTakesOverWhenItStops) {
  auto first = std::make_unique<Replica>(Electing("first"), *operator_client_, *controller_client_,
                                         clock_, base::Log(first_log_, base::Level::kInfo));
  AwaitLeader("first");
  Replica second(Electing("second"), *operator_client_, *controller_client_, clock_,
                 base::Log(second_log_, base::Level::kInfo));
  CreateJob("tiny");
  const std::string id = ControllerId("tiny");
  AwaitPod("tiny-1");
  ExpectWork(*first_log_);
  EXPECT_FALSE(Works(*second_log_)) << "only the leader works";

  first.reset();
  AwaitLeader("second");
  HandWorker worker(controller_.address(), "tiny-1");
  ASSERT_TRUE(worker.Pull(id));
  worker.ReportScore(50);

  AwaitPhase("tiny", "Succeeded");
  EXPECT_EQ(Pods(), "tiny-1");
  ExpectWork(*second_log_);
  EXPECT_EQ(EventReasons("tiny"), "Scored Submitted WorkerCreated");
}

TEST_F(OperatorReplicasApiTest, TheOtherTakesOverFromOneThatWasKilled) {
  Life life(4);  // the lease, its finalizer, the submission, the Pod: dead before the status
  MortalClient client(*operator_client_, life);
  MortalController controller(*controller_client_, life);
  // Its manager ends with an error when it loses the lease, as a killed one would not: not looked
  // at.
  OperatorOptions options = Electing("doomed");
  options.lease_duration = std::chrono::seconds(3);  // what its heir waits for
  Operator doomed(options, client, controller, clock_, base::Log::Nowhere());
  base::Crew crew;
  crew.Start("doomed", [&](std::stop_token stop) {
    static_cast<void>(doomed.Run(base::Until(clock_, base::Instant::max(), std::move(stop))));
    while (life.Step()) continue;  // so late that it lost its lease before: it is as good as dead
  });
  AwaitLeader("doomed");
  Replica heir(Electing("heir"), *operator_client_, *controller_client_, clock_,
               base::Log(second_log_, base::Level::kInfo));
  AutoWorker worker(*admin_, clock_, ns_, controller_.address(), 33);
  CreateJob("tiny");
  ASSERT_TRUE(life.AwaitDeath(Long()).ok());

  AwaitLeader("heir");

  EXPECT_EQ(*AwaitPhase("tiny", "Succeeded").Find({"status", "score"}), 33);
  EXPECT_EQ(Pods(), "tiny-1");
  EXPECT_EQ(*AwaitPhase("tiny", "Succeeded").Find({"status", "attempts"}), 1);
}

class OperatorLoadApiTest : public OperatorWorld {};

TEST_F(OperatorLoadApiTest, CarriesTwoHundredJobsAtOnceWithoutDoublingOne) {
  constexpr int kJobs = 200;
  settings_.max_concurrent = 50;
  AutoWorker worker(*admin_, clock_, ns_, controller_.address(), 60);
  StartOperator();
  const base::Instant start = clock_.Now();

  for (int i = 0; i < kJobs; ++i) CreateJob(fmt::format("job{}", i));

  const base::Until until = base::Until::After(clock_, std::chrono::seconds(240));
  kube::Store jobs(*admin_, {kJobKind, ns_, {}}, clock_, base::Log::Nowhere());
  auto waited = jobs.WaitFor(
      [&](const kube::Store::Snapshot& snapshot) {
        int finished = 0;
        for (const auto& [key, job] : snapshot.objects) {
          finished += job->String({"status", "finishedAt"}).empty() ? 0 : 1;
        }
        return finished == kJobs;
      },
      until);
  ASSERT_TRUE(waited.ok()) << waited.error().message();
  fmt::print("{} jobs in {}\n", kJobs, base::FormatSpan(clock_.Now() - start));

  for (const kube::ObjectPtr& job : jobs.List()) {
    EXPECT_EQ(job->String({"status", "phase"}), "Succeeded") << job->Text();
    EXPECT_EQ(*job->Find({"status", "attempts"}), 1) << job->Text();
  }
  auto pods = admin_->List(kPodKind, {.ns = ns_}, Long());
  ASSERT_TRUE(pods.ok()) << pods.error().message();
  EXPECT_EQ(pods->items.size(), static_cast<size_t>(kJobs));
  std::set<std::string> owners;
  for (const kube::ObjectPtr& pod : pods->items) owners.insert(ReadWorkerPod(*pod).owner_uid);
  EXPECT_EQ(owners.size(), static_cast<size_t>(kJobs));
  auto stub = rpc::VmafxController::NewStub(
      grpc::CreateChannel(controller_.address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  auto reader = stub->StreamJobs(&context, {});
  std::set<std::string> keys;
  rpc::Job job;
  int submitted = 0;
  while (reader->Read(&job)) {
    ++submitted;
    keys.insert(job.idempotency_key());
  }
  EXPECT_EQ(submitted, kJobs);
  EXPECT_EQ(keys.size(), static_cast<size_t>(kJobs));
}

}  // namespace
}  // namespace vmafx::operators::testing
