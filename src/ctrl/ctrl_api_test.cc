// Controllers and leader leases against a real kube-apiserver.

#include <gtest/gtest.h>

#include "ctrl/controller.h"
#include "ctrl/leader_lease.h"
#include "kube/testing/api_server.h"

namespace ctrl {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const kube::Kind kConfigMap{"", "v1", "ConfigMap"};

class CtrlApiTest : public testing::Test {
 protected:
  CtrlApiTest()
      : client_(kube::MakeClient(kube::testing::SharedApiServer().Admin(), base::Log::Nowhere())),
        namespace_(*client_) {}

  base::Until Long() { return base::Until::After(clock_, seconds(60)); }

  base::SystemClock clock_;
  std::unique_ptr<kube::Client> client_;
  kube::testing::TestNamespace namespace_;
};

// Keeps a copy "NAME-copy" of each ConfigMap that is no copy.
class CopyReconciler final : public Reconciler {
 public:
  CopyReconciler(kube::Client& client, kube::Store& store) : client_(client), store_(store) {}

  base::Result<Outcome> Reconcile(const kube::Key& key, const base::Until& until) override {
    const kube::ObjectPtr original = store_.Find(key);
    if (original == nullptr || original->Label("copy") == "true") return Outcome::Done();
    const kube::Object copy(
        kube::Json{{"apiVersion", "v1"},
                   {"kind", "ConfigMap"},
                   {"metadata",
                    {{"name", key.name + "-copy"},
                     {"namespace", key.ns},
                     {"labels", {{"copy", "true"}}},
                     {"ownerReferences",
                      {{{"apiVersion", "v1"},
                        {"kind", "ConfigMap"},
                        {"name", key.name},
                        {"uid", original->uid()},
                        {"controller", true}}}}}},
                   {"data", original->json().value("data", kube::Json::object())}});
    TRY(client_.Apply(copy, "copier", "", until));
    return Outcome::Done();
  }

 private:
  kube::Client& client_;
  kube::Store& store_;
};

TEST_F(CtrlApiTest, AControllerFollowsChangesAndRepairsWhatIsDeletedBehindItsBack) {
  kube::Store store(*client_, {kConfigMap, namespace_.name(), {}}, clock_, base::Log::Nowhere());
  CopyReconciler reconciler(*client_, store);
  prometheus::Registry registry;
  Controller controller({.name = "copier"}, reconciler, clock_, base::Log::Nowhere(), registry);
  controller.Watch(store, ToItself());
  controller.Watch(store, ToOwner(kConfigMap));
  ASSERT_TRUE(controller.Start(Long()).ok());
  EXPECT_TRUE(controller.Ready().ok());
  const kube::Key copy{namespace_.name(), "original-copy"};
  const auto await_copy = [&](const std::string& value) {
    auto waited = store.WaitFor(
        [&](const kube::Store::Snapshot& snapshot) {
          auto found = snapshot.objects.find(copy);
          return found != snapshot.objects.end() &&
                 found->second->String({"data", "colour"}) == value;
        },
        Long());
    EXPECT_TRUE(waited.ok()) << value << ": " << waited.error().message();
  };
  kube::Object original(
      kube::Json{{"apiVersion", "v1"},
                 {"kind", "ConfigMap"},
                 {"metadata", {{"name", "original"}, {"namespace", namespace_.name()}}},
                 {"data", {{"colour", "red"}}}});

  auto created = client_->Create(original, Long());
  ASSERT_TRUE(created.ok()) << created.error().message();
  await_copy("red");
  created->json()["data"]["colour"] = "blue";
  ASSERT_TRUE(client_->Update(*created, Long()).ok());
  await_copy("blue");
  const std::string uid = store.Find(copy)->uid();
  ASSERT_TRUE(client_->Delete(kConfigMap, copy, {}, Long()).ok());

  auto back = store.WaitFor(
      [&](const kube::Store::Snapshot& snapshot) {
        auto found = snapshot.objects.find(copy);
        return found != snapshot.objects.end() && found->second->uid() != uid;
      },
      Long());
  EXPECT_TRUE(back.ok());
}

// A candidate for one lease, in a Manager of its own as in a program.
class Candidate {
 public:
  // Whoever takes over from it does so for another reason than that its lease has run out.
  Candidate(const std::string& identity, const kube::Key& key, kube::Client& client,
            base::Clock& clock)
      : clock_(clock),
        lease_({.key = key,
                .identity = identity,
                .duration = seconds(3600),
                .give_up = seconds(1800),
                .renew_every = milliseconds(100),
                .release_within = seconds(60)},
               client, clock, base::Log::Nowhere(),
               [this](base::Error error) { manager_.Fail(std::move(error)); }) {
    manager_.Add("lease", lease_);
    crew_.Start(identity, [this](std::stop_token stop) {
      auto outcome = manager_.Run(base::Until(clock_, base::Instant::max(), stop));
      end_.With(
          [&](std::string& end) { end = outcome.ok() ? "stopped" : outcome.error().message(); });
    });
  }

  // "", or how it ended.
  std::string End() {
    return end_.Read([](const std::string& end) { return end; });
  }
  std::string AwaitEnd(const base::Until& until) {
    static_cast<void>(end_.Await(until, [](const std::string& end) { return !end.empty(); }));
    return End();
  }
  std::string Health() { return manager_.Check().text; }
  bool AwaitHealth(const std::string& text, const base::Until& until) {
    while (Health() != text && until.Pause(milliseconds(1))) {
    }
    return Health() == text;
  }
  void Stop() { crew_.StopAndJoin(); }

 private:
  base::Clock& clock_;
  Manager manager_{base::Log::Nowhere()};
  LeaderLease lease_;
  base::Guarded<std::string> end_;
  base::Crew crew_;
};

class LeaderLeaseApiTest : public CtrlApiTest {
 protected:
  LeaderLeaseApiTest()
      : key_{namespace_.name(), "lock"},
        leases_(*client_, {{"coordination.k8s.io", "v1", "Lease"}, namespace_.name(), {}}, clock_,
                base::Log::Nowhere()) {}

  void AwaitHolder(const std::string& identity) {
    auto waited = leases_.WaitFor(
        [&](const kube::Store::Snapshot& snapshot) {
          auto found = snapshot.objects.find(key_);
          return found != snapshot.objects.end() &&
                 found->second->String({"spec", "holderIdentity"}) == identity;
        },
        Long());
    EXPECT_TRUE(waited.ok()) << "waited for \"" << identity << "\"";
  }

  kube::Key key_;
  kube::Store leases_;
};

TEST_F(LeaderLeaseApiTest, AStandbyIsReadyAndTakesOverAtOnceWhenTheLeaderStops) {
  Candidate first("first", key_, *client_, clock_);
  AwaitHolder("first");
  Candidate second("second", key_, *client_, clock_);
  EXPECT_TRUE(first.AwaitHealth("[+]lease ok\n", Long())) << first.Health();
  EXPECT_TRUE(second.AwaitHealth("[+]lease standby\n", Long())) << second.Health();

  first.Stop();
  AwaitHolder("second");

  EXPECT_EQ(first.End(), "stopped");
  EXPECT_EQ(*leases_.Find(key_)->Find({"spec", "leaseTransitions"}), 2);
}

TEST_F(LeaderLeaseApiTest, AStandbyReplacesALeaderThatFellSilent) {
  const kube::Json silent = {{"apiVersion", "coordination.k8s.io/v1"},
                             {"kind", "Lease"},
                             {"metadata", {{"name", "lock"}, {"namespace", namespace_.name()}}},
                             {"spec",
                              {{"holderIdentity", "crashed"},
                               {"leaseDurationSeconds", 1},
                               {"renewTime", "2026-01-01T00:00:00.000000Z"}}}};
  ASSERT_TRUE(client_->Create(kube::Object(silent), Long()).ok());

  Candidate second("second", key_, *client_, clock_);

  AwaitHolder("second");
}

TEST_F(LeaderLeaseApiTest, ALeaderWhoseLeaseWasTakenStopsWithTheReason) {
  Candidate first("first", key_, *client_, clock_);
  AwaitHolder("first");

  auto taken = client_->MergePatch({"coordination.k8s.io", "v1", "Lease"}, key_,
                                   {{"spec", {{"holderIdentity", "thief"}}}}, "", Long());
  ASSERT_TRUE(taken.ok()) << taken.error().message();

  EXPECT_EQ(first.AwaitEnd(Long()),
            "the leader lease " + key_.Text() + ": it is held by \"thief\" now");
}

}  // namespace
}  // namespace ctrl
