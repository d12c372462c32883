#include "trial/status_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trial {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

kube::Object Parsed(const char* json) {
  return kube::Object(*value::ParseJson(json));
}

TEST(StatusChangesTest, TellsAllThatAFirstVersionSays) {
  const auto pod = Parsed(R"({"kind": "Pod", "status": {"phase": "Pending", "podIP": "10.0.0.1",
      "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                      "message": "0/1 nodes are available"}]}})");

  EXPECT_THAT(
      StatusChanges(nullptr, pod),
      ElementsAre(StatusChange{"condition PodScheduled: False (Unschedulable): 0/1 nodes are "
                               "available",
                               true},
                  StatusChange{"phase: Pending", false}));
}

TEST(StatusChangesTest, TellsOnlyWhatIsNew) {
  const auto before = Parsed(R"({"status": {"phase": "Pending", "score": 93.5,
      "conditions": [{"type": "Ready", "status": "False", "message": "one"}]}})");
  const auto after = Parsed(R"({"status": {"phase": "Running", "score": 93.5,
      "conditions": [{"type": "Ready", "status": "False", "message": "two"}]}})");

  EXPECT_THAT(StatusChanges(&before, after), ElementsAre(StatusChange{"phase: Running", false}));
  EXPECT_THAT(StatusChanges(&after, after), IsEmpty());
}

TEST(StatusChangesTest, NamesTheStatesOfContainers) {
  const auto before = Parsed(R"({"status": {"containerStatuses": [
      {"name": "app", "restartCount": 0, "state": {"running": {}}}]}})");
  const auto after = Parsed(R"({"status": {"containerStatuses": [
      {"name": "app", "restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}}},
      {"name": "side", "state": {"terminated": {"reason": "Error", "exitCode": 3}}}]}})");

  EXPECT_THAT(StatusChanges(&before, after),
              ElementsAre(StatusChange{"container app: waiting, CrashLoopBackOff, restarted 2 "
                                       "times",
                                       true},
                          StatusChange{"container side: ended, Error, exit status 3", true}));
}

TEST(StatusChangesTest, NoticesNewSpecsDataAndDeletions) {
  const auto before = Parsed(R"({"metadata": {"generation": 1}, "data": {"a": "1"}})");
  const auto after = Parsed(R"({"metadata": {"generation": 2, "finalizers": ["example.com/hold"],
      "deletionTimestamp": "2026-01-01T00:00:00Z"}, "data": {"a": "2"}})");

  EXPECT_THAT(
      StatusChanges(&before, after),
      ElementsAre(StatusChange{"deletion: asked for, finalizers [\"example.com/hold\"]", false},
                  StatusChange{"spec changed: generation 2", false},
                  StatusChange{"data changed", false}));
}

TEST(StatusChangesTest, CutsLongValuesBetweenCharacters) {
  std::string text(159, 'x');
  text += "\xC3\xA9\xC3\xA9";
  const kube::Object object(value::Json{{"status", {{"message", text}}}});

  const auto changes = StatusChanges(nullptr, object);

  EXPECT_EQ(changes.at(0).text, "message: " + std::string(159, 'x') + "\xE2\x80\xA6");
}

}  // namespace
}  // namespace trial
