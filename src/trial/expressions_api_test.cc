// Expressions and templates of suites against a real kube-apiserver, with the real helper.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crew.h"
#include "expect/testing/helper_program.h"
#include "trial/testing/suite_fixture.h"

namespace trial {
namespace {

using namespace std::chrono_literals;
using testing::Check;
using testing::ConfigMap;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::SuiteFiles;

const kube::Kind kConfigMap{"", "v1", "ConfigMap"};

std::string Ref(const std::string& name, const std::string& more = "") {
  return "- {apiVersion: v1, kind: ConfigMap, name: " + name + ", ref: " + name + more + "}\n";
}

class ExpressionsApiTest : public testing::SuiteFixture {
 protected:
  ExpressionsApiTest() : SuiteFixture("cel") {}

  void Adjust(RunSettings& settings) override { settings.evaluator = &evaluator_; }

  RunResult RunSuite(const SuiteFiles& files) {
    int namespaces = 0;
    Evaluation evaluation(evaluator_, clock_, {}, vars_, [&] {
      return "kuttl-template-" + run_ + "-" + std::to_string(++namespaces);
    });
    load_options_.evaluation = &evaluation;
    return SuiteFixture::RunSuite(files);
  }

  expect::Evaluator evaluator_{expect::testing::HelperForTests(), clock_};
  value::Json vars_ = value::Json::object();
};

TEST_F(ExpressionsApiTest, AllOfAssertAllAndOneOfAssertAnyMustHold) {
  const std::string maps = ConfigMap("web", "red") + "---\n" + ConfigMap("other", "blue");
  const std::string refs = "resourceRefs:\n" + Ref("web") + Ref("other");
  const std::string holds = "timeout: 60\n" + refs;
  const std::string fails = "timeout: 1\n" + refs;
  const std::string yes = "- celExpr: web.data.color == 'red'\n";
  const std::string no = "- celExpr: other.data.color == 'red'\n";
  const SuiteFiles files = {
      {"suite/all/00-map.yaml", maps},
      {"suite/all/00-assert.yaml",
       Check(holds + "assertAll:\n" + yes + "- celExpr: has(web.data)\n")},
      {"suite/any/00-map.yaml", maps},
      {"suite/any/00-assert.yaml", Check(holds + "assertAny:\n" + no + yes)},
      {"suite/both/00-map.yaml", maps},
      {"suite/both/00-assert.yaml",
       Check(fails + "assertAny:\n" + yes + "assertAll:\n" + yes + no)},
      {"suite/none/00-map.yaml", maps},
      {"suite/none/00-assert.yaml",
       Check(fails + "assertAny:\n" + no + "- celExpr: web.data.size == 3\n")},
      {"suite/text/00-map.yaml", maps},
      {"suite/text/00-assert.yaml", Check(fails + "assertAll:\n- celExpr: web.data.color\n")},
  };

  RunSuite(files);

  EXPECT_EQ(events_.verdicts["all"], Verdict::kPassed);
  EXPECT_EQ(events_.verdicts["any"], Verdict::kPassed);
  EXPECT_EQ(events_.verdicts["both"], Verdict::kFailed);
  EXPECT_EQ(events_.verdicts["none"], Verdict::kFailed);
  EXPECT_EQ(events_.verdicts["text"], Verdict::kFailed);
  const std::string messages = Messages();
  EXPECT_THAT(messages, HasSubstr("both/00-assert.yaml:11: assertAll: expression "
                                  "\"other.data.color == 'red'\" evaluated to false\n"
                                  "  other.data.color: \"blue\"\n"));
  EXPECT_THAT(messages, HasSubstr("none/00-assert.yaml:8: assertAny: none of 2 expressions is "
                                  "true\n"));
  EXPECT_THAT(messages, HasSubstr("has no value: no such key: size"));
  EXPECT_THAT(messages, HasSubstr("web.data: has only color"));
  EXPECT_THAT(messages, HasSubstr("expression \"web.data.color\" evaluated to \"red\""));
}

TEST_F(ExpressionsApiTest, EveryReferencedObjectMustBeThereAlsoWithoutExpressions) {
  const SuiteFiles files = {
      {"suite/there/00-map.yaml", ConfigMap("web", "red")},
      {"suite/there/00-assert.yaml", Check("timeout: 60\nresourceRefs:\n" + Ref("web"))},
      {"suite/gone/00-map.yaml", ConfigMap("web", "red")},
      {"suite/gone/00-assert.yaml",
       Check("timeout: 1\nresourceRefs:\n" + Ref("web") + Ref("missing") +
             "assertAny:\n- celExpr: web.data.color == 'red'\n")},
      {"suite/unknown/00-assert.yaml",
       Check(
           "timeout: 1\nresourceRefs:\n- {apiVersion: a.io/v1, kind: Nothing, name: x, ref: x}\n")},
  };

  RunSuite(files);

  EXPECT_EQ(events_.verdicts["there"], Verdict::kPassed);
  EXPECT_EQ(events_.verdicts["gone"], Verdict::kFailed);
  EXPECT_EQ(events_.verdicts["unknown"], Verdict::kFailed);
  EXPECT_EQ(events_.failures.size(), 2u);
  EXPECT_THAT(Messages(), HasSubstr("/missing not found\n  there are: web"));
  EXPECT_THAT(Messages(), HasSubstr("gone/00-assert.yaml:6: "));
  EXPECT_THAT(Messages(), HasSubstr("the cluster does not serve a.io/v1 Nothing"));
}

TEST_F(ExpressionsApiTest, ReferencesReachOtherNamespacesAndClusterScopedKinds) {
  const SuiteFiles files = {
      {"suite/a/00-assert.yaml",
       Check("timeout: 60\nresourceRefs:\n"
             "- {apiVersion: v1, kind: Namespace, name: kube-system, ref: plain}\n"
             "- {apiVersion: v1, kind: Namespace, name: default, namespace: x, ref: named}\n"
             "- {apiVersion: v1, kind: Service, name: kubernetes, namespace: default, ref: api}\n"
             "assertAll:\n"
             "- celExpr: plain.status.phase == 'Active' && named.metadata.name == 'default'\n"
             "- celExpr: api.spec.ports.exists(p, p.port == 443)\n")},
  };

  RunSuite(files);

  EXPECT_EQ(events_.verdicts["a"], Verdict::kPassed) << Messages();
}

TEST_F(ExpressionsApiTest, AnExpressionWaitsForAChangeAndShowsItsOperandsMeanwhile) {
  config_.ns = run_ + "-late";
  const SuiteFiles files = {
      {"suite/a/00-map.yaml", ConfigMap("web", "red")},
      {"suite/a/00-assert.yaml", Check("timeout: 100\nresourceRefs:\n" + Ref("web") +
                                       "assertAll:\n- celExpr: web.data.color == 'green'\n")},
  };
  base::Crew crew;
  crew.Start("change", [&](std::stop_token stop) {
    const auto until = Soon().Stopping(stop);
    EXPECT_TRUE(progress_.AwaitMismatch("false", until)) << "nobody waits";
    (void)client_->MergePatch(kConfigMap, {config_.ns, "web"}, {{"data", {{"color", "green"}}}}, "",
                              until);
  });

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kPassed);

  ASSERT_FALSE(events_.progress.empty());
  EXPECT_THAT(events_.progress[0].waiting_for, HasSubstr("expression web.data.color == 'green' ("));
  EXPECT_EQ(events_.progress[0].mismatch, "false (web.data.color: \"red\")");
}

TEST_F(ExpressionsApiTest, TemplatesKnowTheNamespaceThatTheirTestRunsIn) {
  vars_ = {{"color", "red"}};
  const SuiteFiles files = {
      {"suite/a/00-map.gotmpl.yaml", ConfigMap("web-{{ .Namespace }}", "{{ .Vars.color }}")},
      {"suite/a/00-assert.gotmpl.yaml", ConfigMap("web-{{ .Namespace }}", "red")},
      {"suite/a/01-check.yaml",
       "apiVersion: kuttl.dev/v1beta1\nkind: TestStep\ncommands:\n- script: echo ns=$NAMESPACE\n"},
      {"suite/b/00-map.yaml", ConfigMap("web", "red")},
  };

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kPassed) << Messages();

  const std::string ns = events_.tests["a"].ns;
  EXPECT_THAT(ns, HasSubstr("kuttl-template-"));
  EXPECT_THAT(events_.With("created"), Contains("ConfigMap:" + ns + "/web-" + ns + " created"));
  EXPECT_THAT(events_.With("ns="), Contains("ns=" + ns));
  EXPECT_THAT(events_.tests["b"].ns, Not(HasSubstr("template")));
}

}  // namespace
}  // namespace trial
