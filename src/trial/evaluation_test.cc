// Loading of templates, expressions and TestFiles, with the real helper.

#include "trial/evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "expect/testing/helper_program.h"
#include "trial/loader.h"
#include "trial/testing/suite_files.h"

namespace trial {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::SuiteFiles;

constexpr char kMap[] = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n";
constexpr char kFile[] = "apiVersion: kuttl.dev/v1beta1\nkind: TestFile\n";
constexpr char kCheck[] = "apiVersion: kuttl.dev/v1beta1\nkind: TestAssert\n";
constexpr char kRefs[] =
    "resourceRefs:\n- {apiVersion: v1, kind: ConfigMap, name: web, ref: web}\n";

class EvaluationTest : public ::testing::Test {
 protected:
  std::vector<trial::Test> Load(const SuiteFiles& files) {
    const auto namespaces = [this] { return "kuttl-ns-" + std::to_string(++namespaces_); };
    Evaluation evaluation(*evaluator_, clock_, {}, vars_, namespaces);
    LoadOptions options{{"README*"}, {}};
    options.evaluation = &evaluation;
    options.run_labels = labels_;
    Problems problems(false);
    auto tests = LoadTests(files.Path("suite"), options, problems);
    const std::string folder = files.Path("suite") + "/";
    for (const auto& problem : problems.all()) {
      std::string text = (problem.warning ? "warning: " : "error: ") + problem.Format();
      for (size_t at; (at = text.find(folder)) != std::string::npos;) text.erase(at, folder.size());
      problems_.push_back(text);
    }
    return tests;
  }

  base::SystemClock clock_;
  std::unique_ptr<expect::Evaluator> evaluator_ =
      std::make_unique<expect::Evaluator>(expect::testing::HelperForTests(), clock_);
  value::Json vars_ = value::Json::object();
  Labels labels_;
  int namespaces_ = 0;
  std::vector<std::string> problems_;
};

TEST_F(EvaluationTest, ATemplateIsFilledInBeforeItIsRead) {
  vars_ = {{"color", "red"}, {"extra", true}};
  const auto tests = Load({
      {"suite/a/00-map.gotmpl.yaml",
       "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web-{{ .Namespace }}\n"
       "data: {color: {{ .Vars.color }}}\n{{ if .Vars.extra }}---\n" +
           std::string(kMap) + "{{ end }}"},
      {"suite/a/00-assert.gotmpl.yaml", "{{ \"x\" | repeat 0 }}" + std::string(kMap)},
      {"suite/b/00-map.yaml", kMap},
      {"suite/c/dir.gotmpl.yaml", "{{ broken"},
  });

  EXPECT_THAT(problems_, ElementsAre(HasSubstr("warning: c: no step files")));
  ASSERT_EQ(tests.size(), 3u);
  EXPECT_EQ(tests[0].ns, "kuttl-ns-1");
  EXPECT_EQ(tests[1].ns, "");
  const Step& step = tests[0].steps.at(0);
  EXPECT_EQ(step.Text(), "0-map");
  ASSERT_EQ(step.apply.size(), 2u);
  EXPECT_EQ(step.apply[0].object.name(), "web-kuttl-ns-1");
  EXPECT_EQ(step.apply[0].object.String({"data", "color"}), "red");
  EXPECT_EQ(step.asserts.size(), 1u);
}

TEST_F(EvaluationTest, ProblemsInATemplateNameItsOwnLines) {
  vars_ = {{"list", {"x", "y", "z"}}};
  const auto tests = Load({
      {"suite/a/00-bad.gotmpl.yaml", "a: 1\nb: {{ .Vars.x | nothing }}\n"},
      {"suite/a/01-fails.gotmpl.yaml", "a: 1\n\nb: {{ fail \"because\" }}\n"},
      {"suite/a/02-go.gotmpl.yaml",
       "{{ range .Vars.list }}# {{ . }}\n{{ end }}\napiVersion: kuttl.dev/v1beta1\n"
       "kind: TestStep\ncomands: []\n"},
  });

  ASSERT_EQ(problems_.size(), 3u);
  EXPECT_THAT(problems_[0], HasSubstr("error: a/00-bad.gotmpl.yaml:2:"));
  EXPECT_THAT(problems_[0], HasSubstr("function \"nothing\" not defined"));
  EXPECT_THAT(problems_[1], HasSubstr("error: a/01-fails.gotmpl.yaml:3:7: template: "));
  EXPECT_THAT(problems_[1], HasSubstr("because"));
  // The fourth line of the template's text.
  EXPECT_THAT(problems_[2], HasSubstr("warning: a/02-go.gotmpl.yaml:5:1: unknown field"));
}

TEST_F(EvaluationTest, ExpressionsThatDoNotCompileAreProblemsWithTheirPlace) {
  const auto tests = Load({
      {"suite/a/00-assert.yaml", std::string(kCheck) + kRefs +
                                     "assertAny:\n- celExpr: web.data.x == '1'\n"
                                     "- celExpr: wev.data == {}\n"
                                     "assertAll:\n- celExpr: |\n    web.data.x ==\n"},
  });

  ASSERT_GE(problems_.size(), 2u);
  EXPECT_THAT(problems_[0], HasSubstr("error: a/00-assert.yaml:7:3: celExpr: undeclared reference "
                                      "to 'wev'"));
  EXPECT_THAT(problems_[0], HasSubstr("column 1 of: wev.data == {} (did you mean \"web\"?)"));
  EXPECT_THAT(problems_[1], HasSubstr("error: a/00-assert.yaml:9:3: celExpr: Syntax error"));
  const CheckSpec& check = *tests.at(0).steps.at(0).check;
  EXPECT_EQ(check.assert_any.size(), 2u);
  EXPECT_EQ(check.assert_all.size(), 1u);
  ASSERT_EQ(check.refs.size(), 1u);
  EXPECT_EQ(check.refs[0].kind, (kube::Kind{"", "v1", "ConfigMap"}));
}

TEST_F(EvaluationTest, ReferencesAreCheckedAlsoWithoutExpressions) {
  Load({{"suite/a/00-assert.yaml", std::string(kCheck) +
                                       "resourceRefs:\n- {kind: Pod, name: x}\n"
                                       "- {apiVersion: a/b/c, kind: Pod, name: x, ref: my-x}\n"
                                       "assertAll:\n- celexpr: 'true'\n"}});

  EXPECT_THAT(problems_, Contains("error: a/00-assert.yaml:4:3: a resource reference needs "
                                  "apiVersion"));
  EXPECT_THAT(problems_, Contains("error: a/00-assert.yaml:4:3: a resource reference needs ref"));
  EXPECT_THAT(problems_, Contains(HasSubstr("\"a/b/c\" is no apiVersion")));
  EXPECT_THAT(problems_, Contains(HasSubstr("warning: a/00-assert.yaml:5:")));
  EXPECT_THAT(problems_, Contains(HasSubstr("an entry of assertAll needs celExpr")));
  EXPECT_THAT(problems_, Contains(HasSubstr("(did you mean \"celExpr\"?)")));
}

TEST_F(EvaluationTest, AMissingHelperIsOneProblemAndOnlyWhereItIsNeeded) {
  const auto none = [] { return base::Fail(base::Code::kNotFound, "run tools/eval/build"); };
  evaluator_ = std::make_unique<expect::Evaluator>(expect::HelperOptions{none, {}}, clock_);
  Load({{"suite/a/00-map.yaml", kMap}});
  EXPECT_THAT(problems_, IsEmpty());

  Load(
      {{"suite/a/00-map.gotmpl.yaml", kMap},
       {"suite/a/00-assert.yaml", std::string(kCheck) + kRefs + "assertAll: [{celExpr: 'true'}]\n"},
       {"suite/a/01-map.gotmpl.yaml", kMap}});
  EXPECT_THAT(problems_, ElementsAre("error: a/00-assert.yaml:5:14: run tools/eval/build"));
}

TEST_F(EvaluationTest, AFileOfOtherRunsIsLeftOutWhole) {
  labels_ = {{"flavour", "full"}};
  const std::string full = std::string(kFile) + "testRunSelector: {matchLabels: {flavour: full}}\n";
  const std::string slim = std::string(kFile) + "testRunSelector: {matchLabels: {flavour: slim}}\n";
  const SuiteFiles files = {
      {"suite/a/00-first.yaml", slim + "---\n" + kMap},
      {"suite/a/00-second.yaml", std::string(kMap) + "---\n" + full},
      {"suite/a/00-assert.yaml", slim + "---\n" + kMap},
      {"suite/a/01-twice.yaml", full + "---\n" + slim + "---\n" + kMap},
  };

  const auto tests = Load(files);

  EXPECT_THAT(problems_, ElementsAre(HasSubstr("error: a/01-twice.yaml:5:1: more than one TestFile "
                                               "in a file: the first is at a/01-twice.yaml:1:1")));
  const Step& step = tests.at(0).steps.at(0);
  EXPECT_EQ(step.Text(), "0-second");
  EXPECT_EQ(step.apply.size(), 1u);
  EXPECT_TRUE(step.asserts.empty());
  EXPECT_THAT(tests[0].left_out, ElementsAre(files.Path("suite/a/00-assert.yaml"),
                                             files.Path("suite/a/00-first.yaml")));
}

}  // namespace
}  // namespace trial
