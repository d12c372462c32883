#include "trial/plan.h"

#include <gtest/gtest.h>

#include "trial/collect.h"

namespace trial {
namespace {

Test Named(const char* suite, const char* name) {
  return {suite, name, {}, {}};
}

TEST(PlanTest, SelectsByAnUnanchoredExpressionAndCountsTheRest) {
  const auto plan = MakePlan({Named("s", "foo"), Named("s", "foo-bar"), Named("s", "baz")}, "foo");

  ASSERT_EQ(plan->tests.size(), 2u);
  EXPECT_EQ(plan->tests[1].id.test, "foo-bar");
  EXPECT_EQ(plan->left_out, 1);
  EXPECT_EQ(MakePlan({Named("s", "foo"), Named("s", "baz")}, "^(foo|baz)$")->tests.size(), 2u);
  EXPECT_TRUE(MakePlan({}, "(").Is(base::Code::kInvalid));
}

TEST(PlanTest, ASuiteGivenTwiceRunsOnceAndArtifactsNeverCollide) {
  const auto plan =
      MakePlan({Named("./a", "x"), Named("./a", "x"), Named("b/c", "x"), Named("b/c", "y")}, "");

  ASSERT_EQ(plan->tests.size(), 3u);
  EXPECT_EQ(plan->suites, (std::vector<std::string>{"./a", "b/c"}));
  EXPECT_EQ(plan->tests[0].artifacts, "a/x");
  EXPECT_EQ(plan->tests[1].artifacts, "b_c/x");
  EXPECT_EQ(plan->tests[2].artifacts, "y");
}

TEST(CollectorTest, CommandsAreKuttlsWordForWord) {
  CollectorSpec spec;
  spec.pod = "p";
  EXPECT_EQ(CollectorCommand(spec),
            "kubectl logs --prefix p -n $NAMESPACE --all-containers --tail=-1");
  spec.pod = "";
  spec.selector = "app=web";
  spec.container = "c";
  spec.ns = "other";
  EXPECT_EQ(CollectorCommand(spec), "kubectl logs --prefix -l app=web -n other -c c --tail=10");
  EXPECT_EQ(CollectorCommand({{}, CollectorType::kEvents, "", "", "", "", "", 0}),
            "kubectl get events -n $NAMESPACE");
  EXPECT_EQ(CollectorCommand({}), "");
}

}  // namespace
}  // namespace trial
