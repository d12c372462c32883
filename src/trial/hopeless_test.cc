#include "trial/hopeless.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "trial/demand.h"
#include "trial/read_own.h"
#include "trial/testing/manifests.h"

namespace trial {
namespace {

using ::testing::HasSubstr;
using testing::ParseManifest;
using testing::ParseObject;

constexpr char kFailedPod[] = R"(apiVersion: v1
kind: Pod
metadata: {name: p, namespace: ns}
spec: {restartPolicy: Never}
status: {phase: Failed}
)";

constexpr char kFailedJob[] = R"(apiVersion: batch/v1
kind: Job
metadata: {name: j, namespace: ns}
status: {failed: 3, conditions: [{type: Failed, status: 'True'}]}
)";

std::string HopelessOf(const std::string& assert_yaml, const std::string& object) {
  const Condition condition =
      MakeCondition(Condition::Want::kPresent, ParseManifest(assert_yaml), true, "ns");
  return Hopeless(condition, Judge(condition, {ParseObject(object)}));
}

// The same of an entry of `match`.
std::string HopelessMatchOf(const std::string& yaml, const std::string& object) {
  value::ParsedYaml parsed = value::ParseYaml(yaml, "00-assert.yaml");
  Problems problems(false);
  Fields fields(parsed.documents.at(0), {}, "a condition", problems);
  const auto demand = ReadDemand(fields, false);
  EXPECT_TRUE(problems.all().empty()) << yaml;
  const Condition condition = MakeCondition(demand, true, "ns");
  return Hopeless(condition, Judge(condition, {ParseObject(object)}));
}

std::string PodWith(const std::string& fields) {
  return "apiVersion: v1\nkind: Pod\nname: p\nfields: {" + fields + "}\n";
}

TEST(HopelessTest, AFailedPodThatIsNeverRestartedEndsTheWait) {
  EXPECT_THAT(HopelessOf("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nstatus: {phase: "
                         "Succeeded}",
                         kFailedPod),
              HasSubstr("restartPolicy is Never"));
}

TEST(HopelessTest, NotWhenTheAssertItselfAsksForTheFailure) {
  EXPECT_EQ(HopelessOf("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nstatus: {phase: Failed, "
                       "reason: Evicted}",
                       kFailedPod),
            "");
}

TEST(HopelessTest, NotWhenTheMissIsOutsideOfTheStatus) {
  EXPECT_EQ(HopelessOf("apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {a: b}}\nstatus: {}",
                       kFailedPod),
            "");
}

TEST(HopelessTest, NotWhenAnOwnerMayPutAnotherPodInItsPlace) {
  std::string text = kFailedPod;
  text.replace(text.find("{name: p, namespace: ns}"), 24,
               "{name: p, namespace: ns, ownerReferences: [{apiVersion: apps/v1, kind: "
               "StatefulSet, name: s, uid: u}]}");
  EXPECT_EQ(
      HopelessOf("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nstatus: {phase: Running}", text),
      "");
}

TEST(HopelessTest, AFailedJobAndAnInvalidImageNameEndTheWait) {
  EXPECT_THAT(HopelessOf("apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nstatus: "
                         "{succeeded: 1}",
                         kFailedJob),
              HasSubstr("has failed for good"));
  EXPECT_THAT(HopelessOf("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nstatus: {phase: Running}",
                         "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: ns}\nstatus: "
                         "{phase: Pending, containerStatuses: [{name: app, image: 'a b', state: "
                         "{waiting: {reason: InvalidImageName}}}]}"),
              HasSubstr("invalid image name"));
}

TEST(HopelessTest, AnImageThatCannotBePulledMayStillCome) {
  EXPECT_EQ(HopelessOf("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nstatus: {phase: Running}",
                       "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: ns}\nstatus: "
                       "{phase: Pending, containerStatuses: [{name: app, state: {waiting: "
                       "{reason: ImagePullBackOff}}}]}"),
            "");
}

TEST(HopelessTest, AnEntryOfMatchEndsTheWaitAsAnAssertDoes) {
  EXPECT_THAT(HopelessMatchOf(PodWith(".status.phase: Running"), kFailedPod),
              HasSubstr("restartPolicy is Never"));
  EXPECT_THAT(HopelessMatchOf(PodWith(".status.phase: {not: Failed}"), kFailedPod),
              HasSubstr("restartPolicy is Never"));
  EXPECT_THAT(HopelessMatchOf(PodWith("'.status.containerStatuses[*].ready': true"), kFailedPod),
              HasSubstr("restartPolicy is Never"));
  EXPECT_THAT(HopelessMatchOf("apiVersion: batch/v1\nkind: Job\nname: j\nfields: "
                              "{.status.succeeded: {atLeast: 1}}\n",
                              kFailedJob),
              HasSubstr("has failed for good"));
}

TEST(HopelessTest, AnEntryOfMatchThatAsksForTheFailureIsWaitedFor) {
  const std::string reason = ", .status.reason: Evicted";
  EXPECT_EQ(HopelessMatchOf(PodWith(".status.phase: Failed" + reason), kFailedPod), "");
  EXPECT_EQ(
      HopelessMatchOf(PodWith(".status.phase: {oneOf: [Succeeded, Failed]}" + reason), kFailedPod),
      "");
  EXPECT_EQ(HopelessMatchOf(PodWith(".status.phase: {matches: ^Fail}" + reason), kFailedPod), "");
  const std::string job = "apiVersion: batch/v1\nkind: Job\nname: j\nfields: ";
  EXPECT_EQ(HopelessMatchOf(job + "{.status.failed: 5}\n", kFailedJob), "");
  EXPECT_EQ(HopelessMatchOf(job + "{'.status.conditions[type=Failed].reason': Late}\n", kFailedJob),
            "");
}

TEST(HopelessTest, AnEntryOfMatchOfSeveralObjectsOrOfOtherFieldsIsWaitedFor) {
  EXPECT_EQ(HopelessMatchOf(PodWith(".metadata.labels.a: b"), kFailedPod), "");
  EXPECT_EQ(
      HopelessMatchOf("apiVersion: v1\nkind: Pod\nfields: {.status.phase: Running}\n", kFailedPod),
      "");
  EXPECT_EQ(HopelessMatchOf(PodWith(".status.phase: Running") + "count: 1\n", kFailedPod), "");
}

}  // namespace
}  // namespace trial
