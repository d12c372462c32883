#include "ctrl/controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ctrl {
namespace {

using std::chrono::seconds;

const kube::Key kRed{"colours", "red"};

// Counts turns, and how many of one key run at once.
class CountingReconciler final : public Reconciler {
 public:
  struct Counts {
    std::map<kube::Key, int> turns;
    std::map<kube::Key, int> running;
    bool overlapped = false;
    bool open = false;  // turns wait for this
    int failures_left = 0;
  };

  base::Result<Outcome> Reconcile(const kube::Key& key, const base::Until& until) override {
    bool fails = false;
    counts.With([&](Counts& all) {
      ++all.turns[key];
      all.overlapped |= ++all.running[key] > 1;
      fails = all.failures_left > 0;
      if (fails) --all.failures_left;
    });
    auto opened = counts.Await(until, [](const Counts& all) { return all.open; });
    counts.With([&](Counts& all) { --all.running[key]; });
    TRY(std::move(opened));
    if (fails) return base::Error(base::Code::kUnavailable, "try again");
    return Outcome::Done();
  }

  base::Guarded<Counts> counts;
};

class ControllerTest : public testing::Test {
 protected:
  base::Until Long() { return base::Until::After(clock_, seconds(60)); }
  void Open(bool open) {
    reconciler_.counts.With([&](auto& all) { all.open = open; });
  }
  void AwaitTurns(const kube::Key& key, int turns) {
    auto reached = reconciler_.counts.Await(Long(), [&](const auto& all) {
      auto found = all.turns.find(key);
      return found != all.turns.end() && found->second >= turns;
    });
    EXPECT_TRUE(reached.ok()) << key.Text();
  }

  base::SystemClock clock_;
  std::shared_ptr<base::MemorySink> sink_ = std::make_shared<base::MemorySink>();
  prometheus::Registry registry_;
  CountingReconciler reconciler_;
  Controller controller_{{.name = "colours", .workers = 4},
                         reconciler_,
                         clock_,
                         base::Log(sink_, base::Level::kDebug),
                         registry_};
};

TEST_F(ControllerTest, NeverRunsOneKeyOnTwoWorkers) {
  ASSERT_TRUE(controller_.Start(Long()).ok());
  controller_.queue().Add(kRed);
  AwaitTurns(kRed, 1);

  controller_.queue().Add(kRed);
  controller_.queue().Add({"colours", "blue"});
  AwaitTurns({"colours", "blue"}, 1);
  EXPECT_EQ(reconciler_.counts.Read([](const auto& all) { return all.turns.at(kRed); }), 1);
  Open(true);
  AwaitTurns(kRed, 2);

  EXPECT_FALSE(reconciler_.counts.Read([](const auto& all) { return all.overlapped; }));
}

TEST_F(ControllerTest, RetriesAFailedTurnAndSaysWhyItFailed) {
  Open(true);
  reconciler_.counts.With([](auto& all) { all.failures_left = 2; });
  ASSERT_TRUE(controller_.Start(Long()).ok());

  controller_.queue().Add(kRed);
  AwaitTurns(kRed, 3);

  controller_.Stop();
  // Of two turns on two workers, which write when they get to it.
  EXPECT_THAT(sink_->lines(),
              testing::IsSupersetOf(
                  {"warn reconcile failed key=colours/red why=\"try again\" in=\"0.05 s\" "
                   "controller=colours",
                   "warn reconcile failed key=colours/red why=\"try again\" in=\"0.10 s\" "
                   "controller=colours"}));
}

TEST_F(ControllerTest, StopsRunningTurns) {
  ASSERT_TRUE(controller_.Start(Long()).ok());
  controller_.queue().Add(kRed);
  AwaitTurns(kRed, 1);

  controller_.Stop();

  EXPECT_EQ(reconciler_.counts.Read([](const auto& all) { return all.running.at(kRed); }), 0);
}

TEST_F(ControllerTest, CountsItsTurnsForPrometheus) {
  Open(true);
  ASSERT_TRUE(controller_.Start(Long()).ok());
  controller_.queue().Add(kRed);
  AwaitTurns(kRed, 1);
  controller_.Stop();

  double turns = 0;
  for (const auto& family : registry_.Collect()) {
    if (family.name != "controller_runtime_reconcile_total") continue;
    for (const auto& metric : family.metric) turns += metric.counter.value;
  }
  EXPECT_EQ(turns, 1);
}

TEST(MapperTest, FindsTheOwnerOfAKind) {
  auto pod = std::make_shared<kube::Object>(kube::Json::parse(R"({
    "metadata": {"name": "job-1", "namespace": "video", "ownerReferences": [
      {"apiVersion": "vmafx.dev/v1", "kind": "VmafxJob", "name": "job", "uid": "u",
       "controller": true},
      {"apiVersion": "batch/v1", "kind": "Job", "name": "other", "uid": "v"}]}})"));
  const kube::Change change{kube::ChangeType::kModified, pod};

  EXPECT_EQ(ToOwner({"vmafx.dev", "v1", "VmafxJob"})(change),
            (std::vector<kube::Key>{{"video", "job"}}));
  EXPECT_TRUE(ToOwner({"apps", "v1", "ReplicaSet"})(change).empty());
  EXPECT_EQ(ToItself()(change), (std::vector<kube::Key>{{"video", "job-1"}}));
}

}  // namespace
}  // namespace ctrl
