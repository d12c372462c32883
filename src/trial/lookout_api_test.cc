// What a run tells of its namespaces, against a real kube-apiserver (no kubelet: Pods stay as we
// write them).

#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/testing/api_server.h"
#include "trial/lookout.h"

namespace trial {
namespace {

using namespace std::chrono_literals;
using kube::testing::SharedApiServer;
using ::testing::Contains;
using ::testing::Not;

const kube::Kind kPod{"", "v1", "Pod"};
const kube::Kind kConfigMap{"", "v1", "ConfigMap"};

// "Pod app changed: phase: Running".
std::string Text(const Sighting& sighting) {
  static const char* const kWords[] = {"appeared", "changed", "gone", "event", "log", "left out"};
  return sighting.kind + " " + sighting.name + " " + kWords[static_cast<int>(sighting.what)] +
         ": " + sighting.text;
}

// Everything told, as text; a test waits for what it expects.
class Seen final : public Listener {
 public:
  void OnSighting(const Sighting& sighting, const Moment&) override {
    seen_.With([&](std::vector<Sighting>& seen) { seen.push_back(sighting); });
  }
  bool Await(const std::string& text, const base::Until& until) {
    const auto is_there = [&](const std::vector<Sighting>& seen) {
      return std::any_of(seen.begin(), seen.end(),
                         [&](const Sighting& one) { return Text(one) == text; });
    };
    return seen_.Await(until, is_there).ok();
  }
  std::vector<Sighting> all() const {
    return seen_.Read([](const std::vector<Sighting>& seen) { return seen; });
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    for (const Sighting& sighting : all()) texts.push_back(Text(sighting));
    return texts;
  }

 private:
  base::Guarded<std::vector<Sighting>> seen_;
};

class LookoutApiTest : public ::testing::Test {
 protected:
  void SetUp() override { ns_ = NewNamespace(); }

  std::string NewNamespace() {
    const std::string ns = fmt::format("lookout-{:06}-{}", ++names_, getpid());
    Make({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", ns}}}});
    // Pods need the account that no controller makes here.
    Make({{"apiVersion", "v1"},
          {"kind", "ServiceAccount"},
          {"metadata", {{"name", "default"}, {"namespace", ns}}}});
    return ns;
  }

  void Make(const value::Json& json) {
    const auto made = client_->Create(kube::Object(json), Soon());
    ASSERT_TRUE(made.ok()) << made.error().message();
  }

  void MakePod(const std::string& name) {
    Make({{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"name", name}, {"namespace", ns_}}},
          {"spec", {{"containers", {{{"name", "app"}, {"image", "x"}}}}}}});
  }

  void MakeConfigMap(const std::string& name, const std::string& ns) {
    Make({{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", {{"name", name}, {"namespace", ns}}}});
  }

  void MakeEvent(const std::string& about, const std::string& message) {
    Make({{"apiVersion", "v1"},
          {"kind", "Event"},
          {"metadata", {{"name", about + ".1"}, {"namespace", ns_}}},
          {"involvedObject", {{"kind", "Pod"}, {"name", about}, {"namespace", ns_}}},
          {"reason", "FailedScheduling"},
          {"type", "Warning"},
          {"message", message}});
  }

  base::Until Soon() { return base::Until::After(clock_, 60s); }

  const TestId id_{"suite", "test"};
  std::string ns_;
  base::SystemClock clock_;
  std::unique_ptr<kube::Client> client_ =
      kube::MakeClient(SharedApiServer().Admin(), base::Log::Nowhere());
  Seen seen_;
  Announcer announcer_{{&seen_}, clock_};
  StorePool stores_{*client_, WatchScope::kCluster, clock_, base::Log::Nowhere()};
  Lookout lookout_{*client_, stores_, WatchScope::kCluster, announcer_};
  static inline int names_ = 0;
};

TEST_F(LookoutApiTest, TellsObjectsConditionsAndEventsOfTheTestsNamespaceOnly) {
  lookout_.Begin(id_, ns_);
  MakePod("app");
  ASSERT_TRUE(seen_.Await("Pod app appeared: ", Soon()));
  MakeEvent("app", "no node is free");
  const value::Json running = {{"status", {{"phase", "Running"}}}};
  ASSERT_TRUE(client_->MergePatch(kPod, {ns_, "app"}, running, "status", Soon()).ok());
  ASSERT_TRUE(client_->Delete(kPod, {ns_, "app"}, {.grace_seconds = 0}, Soon()).ok());

  EXPECT_TRUE(seen_.Await("Pod app changed: phase: Running", Soon()));
  EXPECT_TRUE(seen_.Await("Pod app event: FailedScheduling: no node is free", Soon()));
  EXPECT_TRUE(seen_.Await("Pod app gone: ", Soon()));
  lookout_.End(id_, ns_, Verdict::kPassed, Soon());
  for (const Sighting& sighting : seen_.all()) {
    EXPECT_EQ(sighting.id, id_);
    EXPECT_EQ(sighting.name, "app");
    EXPECT_EQ(sighting.severity,
              sighting.what == Sighting::What::kEvent ? Severity::kWarning : Severity::kInfo);
  }
}

TEST_F(LookoutApiTest, LooksAtTheKindsThatAStepSpeaksAboutAndNotBeyondTheTestsEnd) {
  lookout_.Begin(id_, ns_);
  lookout_.Follow(ns_, {kConfigMap, {"example.com", "v1", "NotServed"}});
  MakeConfigMap("early", ns_);
  EXPECT_TRUE(seen_.Await("ConfigMap early appeared: ", Soon()));
  lookout_.End(id_, ns_, Verdict::kPassed, Soon());

  // What comes through the same watch after this one, for another test.
  const TestId other{"suite", "other"};
  const std::string elsewhere = NewNamespace();
  lookout_.Begin(other, elsewhere);
  MakeConfigMap("late", ns_);
  MakeConfigMap("other", elsewhere);
  EXPECT_TRUE(seen_.Await("ConfigMap other appeared: ", Soon()));
  lookout_.End(other, elsewhere, Verdict::kPassed, Soon());

  EXPECT_THAT(seen_.texts(), Not(Contains("ConfigMap late appeared: ")));
}

TEST_F(LookoutApiTest, CountsWhatIsAboveTheLimit) {
  Lookout lookout(*client_, stores_, WatchScope::kCluster, announcer_, {.changes = 3});
  lookout.Begin(id_, ns_);
  lookout.Follow(ns_, {kConfigMap});
  const TestId second{"suite", "second"};
  const std::string elsewhere = NewNamespace();
  lookout.Begin(second, elsewhere);
  for (int i = 0; i < 7; ++i) MakeConfigMap("map-" + std::to_string(i), ns_);
  // One watch tells all in order: when the last is there, the seven before it were.
  MakeConfigMap("last", elsewhere);
  ASSERT_TRUE(seen_.Await("ConfigMap last appeared: ", Soon()));
  lookout.End(id_, ns_, Verdict::kPassed, Soon());
  lookout.End(second, elsewhere, Verdict::kPassed, Soon());

  EXPECT_TRUE(seen_.Await("  left out: 4 more changes and events", Soon()));
}

TEST_F(LookoutApiTest, EndsTheWatchesOfANamespaceWhereTheyAreOneEach) {
  StorePool stores(*client_, WatchScope::kNamespace, clock_, base::Log::Nowhere());
  Lookout lookout(*client_, stores, WatchScope::kNamespace, announcer_);
  lookout.Begin(id_, ns_);
  MakePod("app");
  EXPECT_TRUE(seen_.Await("Pod app appeared: ", Soon()));
  const std::weak_ptr<kube::Store> store = *stores.Open(kPod, ns_, Soon());

  lookout.End(id_, ns_, Verdict::kFailed, Soon());
  stores.Release(ns_);

  EXPECT_TRUE(store.expired());
}

}  // namespace
}  // namespace trial
