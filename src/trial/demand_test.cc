#include "trial/demand.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "trial/read_own.h"

namespace trial {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::shared_ptr<const Demand> DemandOf(const std::string& yaml) {
  value::ParsedYaml parsed = value::ParseYaml(yaml, "a.yaml");
  EXPECT_TRUE(parsed.ok()) << yaml;
  Problems problems(false);
  Fields fields(parsed.documents.at(0), {}, "a condition", problems);
  auto demand = ReadDemand(fields, false);
  fields.Finish();
  EXPECT_THAT(problems.all(), IsEmpty()) << problems.all().front().Format();
  return demand;
}

std::vector<std::string> ProblemsOf(const std::string& yaml, bool in_order = false) {
  value::ParsedYaml parsed = value::ParseYaml(yaml, "a.yaml");
  Problems problems(false);
  Fields fields(parsed.documents.at(0), {}, "a condition", problems);
  (void)ReadDemand(fields, in_order);
  fields.Finish();
  std::vector<std::string> lines;
  for (const auto& problem : problems.all()) lines.push_back(problem.Format());
  return lines;
}

kube::ObjectPtr Pod(const std::string& name, const std::string& phase) {
  return std::make_shared<const kube::Object>(
      kube::Object({{"apiVersion", "v1"},
                    {"kind", "Pod"},
                    {"metadata", {{"name", name}, {"namespace", "ns"}}},
                    {"status", {{"phase", phase}}}}));
}

constexpr char kPods[] = R"(apiVersion: v1
kind: Pod
labels: {app: web}
fields:
  .status.phase: Running
)";

Judgement JudgeOf(const std::string& yaml, const std::vector<kube::ObjectPtr>& objects) {
  return Judge(MakeCondition(DemandOf(yaml), true, "ns"), objects);
}

TEST(DemandTest, OneObjectThatIsSoIsEnoughUnlessThereIsACount) {
  EXPECT_TRUE(JudgeOf(kPods, {Pod("a", "Pending"), Pod("b", "Running")}).holds);
  const Judgement none = JudgeOf(kPods, {Pod("a", "Pending")});
  EXPECT_FALSE(none.holds);
  EXPECT_EQ(none.miss, ".status.phase: expected \"Running\", found \"Pending\"");
  EXPECT_EQ(JudgeOf(kPods, {}).miss, "there is none");
}

TEST(DemandTest, CountsTheObjectsThatAreSo) {
  const std::vector<kube::ObjectPtr> pods = {Pod("a", "Running"), Pod("b", "Pending"),
                                             Pod("c", "Running")};
  EXPECT_TRUE(JudgeOf(std::string(kPods) + "count: 2\n", pods).holds);
  EXPECT_TRUE(JudgeOf(std::string(kPods) + "count: {atLeast: 1, atMost: 2}\n", pods).holds);
  EXPECT_TRUE(JudgeOf(std::string(kPods) + "count: 0\n", {}).holds);
  EXPECT_EQ(JudgeOf(std::string(kPods) + "count: 3\n", pods).miss,
            "number of objects: expected 3, found 2; b: .status.phase: expected \"Running\", found "
            "\"Pending\"");
}

TEST(DemandTest, AllMeansEveryObjectAndAtLeastOne) {
  const std::string all = std::string(kPods) + "count: all\n";
  EXPECT_TRUE(JudgeOf(all, {Pod("a", "Running")}).holds);
  EXPECT_EQ(JudgeOf(all, {}).miss, "there is none");
  EXPECT_THAT(JudgeOf(all, {Pod("a", "Running"), Pod("b", "Failed")}).miss,
              HasSubstr("1 of 2 are so; b: .status.phase"));
}

TEST(DemandTest, NeverHoldsWhileNoneIsSo) {
  const std::string never = std::string(kPods) + "never: true\n";
  EXPECT_TRUE(JudgeOf(never, {Pod("a", "Pending")}).holds);
  const Judgement seen = JudgeOf(never, {Pod("a", "Running")});
  EXPECT_FALSE(seen.holds);
  EXPECT_EQ(seen.nearest->name(), "a");
}

TEST(DemandTest, AFailureNamesThePlaceOfTheFieldAndEveryMiss) {
  const auto demand = DemandOf(R"(apiVersion: v1
kind: Pod
name: web
fields:
  .spec.nodeName: {absent: false}
  .status.phase: {oneOf: [Running, Succeeded]}
)");
  const Condition condition = MakeCondition(demand, true, "ns");
  const Judgement judgement = Judge(condition, {Pod("web", "Pending")});

  const Failure failure = Explain(condition, judgement, {});

  EXPECT_EQ(failure.Place(), "a.yaml:5");
  EXPECT_EQ(failure.message,
            "Pod ns/web: .spec.nodeName: expected any value, found nothing (no spec) (and 1 more)");
  EXPECT_THAT(failure.details, ElementsAre(HasSubstr("a.yaml:5:"), HasSubstr("found \"Pending\"")));
  const Failure missing = Explain(condition, Judge(condition, {}), {"wep"});
  EXPECT_EQ(missing.message, "Pod ns/web not found");
  EXPECT_THAT(missing.details, ElementsAre("there are: wep"));
}

TEST(DemandTest, TheObjectsAreFoundByNameOrLabelsInTheTestsNamespace) {
  const Condition by_labels = MakeCondition(DemandOf(kPods), true, "ns");
  EXPECT_EQ(by_labels.Subject(), "any Pod in ns with app=web");
  const Condition elsewhere = MakeCondition(
      DemandOf("{apiVersion: v1, kind: Pod, name: a, namespace: kube-system}"), true, "ns");
  EXPECT_EQ(elsewhere.Subject(), "Pod kube-system/a");
  const Condition wide =
      MakeCondition(DemandOf("{apiVersion: v1, kind: Node, name: a}"), false, "ns");
  EXPECT_EQ(wide.Subject(), "Node a");
}

TEST(DemandTest, ProblemsAreToldWithTheirPlace) {
  EXPECT_THAT(ProblemsOf("{kind: Pod}"), ElementsAre(HasSubstr("needs apiVersion and kind")));
  EXPECT_THAT(ProblemsOf("{apiVersion: v1, kind: Pod, name: a, labels: {b: c}}"),
              ElementsAre(HasSubstr("a name or labels, not both")));
  EXPECT_THAT(ProblemsOf("apiVersion: v1\nkind: Pod\nfields:\n  .a[: 1\n  .b: {atleast: 1}\n"),
              ElementsAre(HasSubstr("a.yaml:4:3: .a[: path"),
                          HasSubstr("a.yaml:5:3: .b: unknown rule \"atleast\" (did you mean")));
  EXPECT_THAT(ProblemsOf("{apiVersion: v1, kind: Pod, stays: 0}"),
              ElementsAre(HasSubstr("a time above zero")));
  EXPECT_THAT(ProblemsOf("{apiVersion: v1, kind: Pod, never: true, count: 2}"),
              ElementsAre(HasSubstr("never means that there is none")));
  EXPECT_THAT(ProblemsOf("{apiVersion: v1, kind: Pod, stays: 3s}", true),
              ElementsAre(HasSubstr("no meaning in order")));
  EXPECT_THAT(ProblemsOf("{apiVersion: v1, kind: Pod, field: {}}"),
              ElementsAre(HasSubstr("did you mean \"fields\"?")));
}

}  // namespace
}  // namespace trial
