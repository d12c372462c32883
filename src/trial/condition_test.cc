#include "trial/condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "trial/testing/manifests.h"

namespace trial {
namespace {

using ::testing::HasSubstr;
using testing::ParseManifest;
using testing::ParseObject;

Condition Present(const std::string& yaml) {
  return MakeCondition(Condition::Want::kPresent, ParseManifest(yaml), true, "ns");
}

TEST(ConditionTest, TakesTheTestsNamespaceOnlyWhereNoneIsWritten) {
  EXPECT_EQ(Present("apiVersion: v1\nkind: Pod\nmetadata: {name: p}").ns, "ns");
  EXPECT_EQ(Present("apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: other}").ns,
            "other");
  const Condition cluster =
      MakeCondition(Condition::Want::kPresent,
                    ParseManifest("apiVersion: v1\nkind: Node\nmetadata: {name: n}"), false, "ns");
  EXPECT_EQ(cluster.ns, "");
  EXPECT_EQ(cluster.manifest.object.ns(), "");
}

TEST(ConditionTest, TheExplanationPointsAtTheLineOfTheNearestMiss) {
  const Condition condition =
      Present("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  color: red\n");
  const Judgement judgement = Judge(
      condition, {ParseObject("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: "
                              "ns}\ndata: {color: blue}")});

  const Failure failure = Explain(condition, judgement, {});

  EXPECT_FALSE(judgement.holds);
  EXPECT_EQ(failure.Place(), "00-assert.yaml:6");
  EXPECT_THAT(failure.message, HasSubstr("ConfigMap ns/c: "));
  EXPECT_THAT(failure.message, HasSubstr(".data.color"));
  EXPECT_THAT(failure.message, HasSubstr("blue"));
  EXPECT_THAT(failure.diff, HasSubstr("red"));
}

TEST(ConditionTest, AnObjectThatIsNotThereNamesItsNeighbours) {
  const Condition condition = Present("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n");

  const Failure failure = Explain(condition, Judge(condition, {}), {"d", "e"});

  EXPECT_EQ(failure.message, "ConfigMap ns/c not found");
  EXPECT_EQ(failure.details.at(0), "there are: d, e");
}

TEST(ConditionTest, WithoutANameOneMatchingObjectIsEnough) {
  const Condition condition = Present(
      "apiVersion: v1\nkind: Pod\nmetadata: {labels: {app: web}}\nstatus: {phase: Running}");
  const auto pending = ParseObject(
      "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: ns, labels: {app: "
      "web}}\nstatus: {phase: Pending}");
  const auto running = ParseObject(
      "apiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: ns, labels: {app: "
      "web}}\nstatus: {phase: Running}");

  EXPECT_EQ(condition.labels.at("app"), "web");
  EXPECT_TRUE(Judge(condition, {pending, running}).holds);
  EXPECT_FALSE(Judge(condition, {pending}).holds);
  EXPECT_FALSE(Judge(condition, {}).holds);
}

TEST(ConditionTest, AnErrorsObjectMustNotMatch) {
  const Condition condition =
      MakeCondition(Condition::Want::kAbsent,
                    ParseManifest("apiVersion: v1\nkind: Pod\nmetadata: {name: a}"), true, "ns");
  const auto pod = ParseObject("apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: ns}");

  EXPECT_TRUE(Judge(condition, {}).holds);
  const Judgement judgement = Judge(condition, {pod});
  EXPECT_FALSE(judgement.holds);
  EXPECT_EQ(Explain(condition, judgement, {}).message,
            "Pod ns/a is there, but an errors file says that it must not be");
}

}  // namespace
}  // namespace trial
