#include "trial/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trial {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using value::Json;

const kube::Key kWeb{"ns", "web"};

Condition Asking(const Json& expected) {
  Manifest manifest;
  manifest.object = kube::Object(expected);
  return MakeCondition(Condition::Want::kPresent, std::move(manifest), true, "ns");
}

Json Deployment() {
  return {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"metadata", {{"name", "web"}}}};
}

class HistoryTest : public ::testing::Test {
 protected:
  void See(const Json& status, base::Duration after,
           kube::ChangeType type = kube::ChangeType::kModified) {
    Json json = Deployment();
    json["metadata"]["namespace"] = "ns";
    json["status"] = status;
    history_.Record({type, std::make_shared<const kube::Object>(json)}, start_ + after);
  }

  std::vector<std::string> Lines(const Json& status) {
    Json expected = Deployment();
    expected["status"] = status;
    Json found = Deployment();
    return history_.Lines(0, kWeb, expect::Match(expected, found));
  }

  base::Instant start_{1000s};
  FieldHistory history_{start_};
};

TEST_F(HistoryTest, TheFieldsThatDifferAreToldWithTheirTimes) {
  Json expected = Deployment();
  expected["status"] = {{"readyReplicas", 3}, {"replicas", 3}};
  history_.Follow(0, Asking(expected));
  See({{"replicas", 3}}, 0s, kube::ChangeType::kAdded);
  See({{"replicas", 3}, {"readyReplicas", 1}}, 2300ms);
  See({{"replicas", 3}, {"readyReplicas", 1}, {"observedGeneration", 2}}, 3s);
  See({{"replicas", 3}, {"readyReplicas", 0}}, 4100ms);

  EXPECT_THAT(
      Lines({{"readyReplicas", 3}, {"replicas", 3}}),
      ElementsAre(".status.readyReplicas was nothing, then 1 (after 2.30 s), 0 (after 4.10 s)"));
}

TEST_F(HistoryTest, AnObjectThatCameAndWentIsToldThoughNobodyLookedInBetween) {
  Json expected = Deployment();
  expected["status"] = {{"replicas", 1}};
  history_.Follow(0, Asking(expected));
  See({}, 1s, kube::ChangeType::kAdded);
  See({}, 1200ms, kube::ChangeType::kDeleted);

  EXPECT_THAT(history_.Lines(0, kWeb, {}),
              ElementsAre("the object was there (after 1.00 s), then gone (after 1.20 s)"));
}

TEST_F(HistoryTest, AFieldThatFlapsForEverTakesNoMoreThanSomeLines) {
  Json expected = Deployment();
  expected["status"] = {{"readyReplicas", -1}};
  history_.Follow(0, Asking(expected));
  for (int i = 0; i < 1000; ++i) See({{"readyReplicas", i}}, i * 10ms);

  const auto lines = Lines({{"readyReplicas", -1}});

  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], HasSubstr("was 0, then 1, 2, 3, 984 more values, 988 (after"));
  EXPECT_THAT(lines[0], HasSubstr("999 (after 9.99 s)"));
}

TEST_F(HistoryTest, FieldsInsideOfListsAreFollowedByTheirIndex) {
  const Json ready = {{"conditions", {{{"type", "Ready"}, {"status", "True"}}}}};
  const Json unready = {{"conditions", {{{"type", "Ready"}, {"status", "False"}}}}};
  Json expected = Deployment();
  expected["status"] = ready;
  history_.Follow(0, Asking(expected));
  See(unready, 0s);
  See(ready, 1s);
  See(unready, 2s);

  EXPECT_THAT(Lines(ready), ElementsAre(".status.conditions[0].status was \"False\", then \"True\" "
                                        "(after 1.00 s), \"False\" (after 2.00 s)"));
}

TEST_F(HistoryTest, OthersAndWhatNobodyAsksForLeaveNoTrace) {
  Json expected = Deployment();
  expected["status"] = {{"replicas", 3}};
  history_.Follow(0, Asking(expected));
  Json other = Deployment();
  other["metadata"] = {{"name", "other"}, {"namespace", "ns"}};
  history_.Record({kube::ChangeType::kAdded, std::make_shared<const kube::Object>(other)}, start_);
  See({{"phase", "a"}}, 0s);
  See({{"phase", "b"}}, 1s);

  EXPECT_THAT(Lines({{"replicas", 3}}), IsEmpty());
  EXPECT_THAT(history_.Lines(0, {"ns", "other"}, {}), IsEmpty());
}

}  // namespace
}  // namespace trial
