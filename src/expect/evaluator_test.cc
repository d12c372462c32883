// With the real helper, seatrial-eval: cel-go, text/template, sprig and yaml.v3 as kuttl has them.

#include "expect/evaluator.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crew.h"
#include "expect/testing/helper_program.h"
#include "sys/files.h"

namespace expect {
namespace {

using namespace std::chrono_literals;
using base::Code;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using value::Json;

class EvaluatorTest : public ::testing::Test {
 protected:
  base::Until Soon() { return base::Until::After(clock_, 30s); }

  // What one expression is, with `web` as the object.
  Truth Eval(const std::string& expression) {
    const auto truths = evaluator_.Evaluate({{"web", &web_}}, {expression}, Soon());
    EXPECT_TRUE(truths.ok()) << truths.error().message();
    return truths.ok() ? truths->at(0) : Truth{};
  }

  std::string Rendering(const std::string& text, const Json& vars = Json::object()) {
    const auto rendered = evaluator_.Render("00-a.gotmpl.yaml", text, "kuttl-ns", vars, Soon());
    if (!rendered.ok()) return "error: " + rendered.error().message();
    if (rendered->problem)
      return fmt::format("{}:{}: {}", rendered->problem->line, rendered->problem->column,
                         rendered->problem->message);
    return rendered->text;
  }

  base::SystemClock clock_;
  Evaluator evaluator_{testing::HelperForTests({{"FROM_OUTSIDE", "yes"}}), clock_};
  Json web_ = Json::parse(R"json({
    "metadata": {"name": "web", "labels": {"app": "shop"}},
    "spec": {"replicas": 2, "ratio": 1.5, "whole": 3.0},
    "status": {"conditions": [{"type": "Ready", "status": "False"}], "phase": "Pending"}
  })json");
};

TEST_F(EvaluatorTest, RefusesATemplateThatIsNotUtf8AndGoesOn) {
  EXPECT_EQ(Rendering("a: \xE9"), "error: it holds text that is not UTF-8");
  EXPECT_EQ(Rendering("a: {{ 1 }}"), "a: 1");
}

TEST_F(EvaluatorTest, AnExpressionHoldsOnlyWhenItIsTrue) {
  EXPECT_TRUE(Eval("web.spec.replicas == 2").holds);
  EXPECT_TRUE(Eval("web.spec.replicas < 2.5 && web.metadata.labels['app'] == 'shop'").holds);
  EXPECT_TRUE(Eval("web.status.conditions.exists(c, c.type == 'Ready')").holds);
  EXPECT_TRUE(Eval("type(web.spec.replicas) == int && type(web.spec.whole) == double").holds);
  EXPECT_FALSE(Eval("web.spec.replicas == 3").holds);
  const Truth text = Eval("web.metadata.name");
  EXPECT_FALSE(text.holds);
  EXPECT_EQ(text.value, "\"web\"");
}

TEST_F(EvaluatorTest, AFailedComparisonShowsTheValuesOfItsOperands) {
  EXPECT_EQ(Eval("web.spec.replicas == 3").Text(), "false (web.spec.replicas: 2)");
  EXPECT_EQ(Eval("web.spec.replicas == 2 && web.status.phase == 'Running'").Text(),
            "false (web.status.phase: \"Pending\")");
  EXPECT_EQ(Eval("size(web.status.conditions) >= 2").Text(),
            "false (size(web.status.conditions): 1; web.status.conditions: "
            "[{\"status\":\"False\",\"type\":\"Ready\"}])");
  EXPECT_EQ(Eval("web.status.conditions.exists(c, c.status == 'True')").Text(),
            "false (web.status.conditions: [{\"status\":\"False\",\"type\":\"Ready\"}])");
}

TEST_F(EvaluatorTest, AMissingKeySaysWhatIsThereInstead) {
  const Truth missing = Eval("web.status.readyReplicas == 3");
  EXPECT_FALSE(missing.holds);
  EXPECT_EQ(missing.error, "no such key: readyReplicas");
  EXPECT_THAT(missing.Text(), HasSubstr("web.status: has only conditions, phase"));
  EXPECT_THAT(Eval("has(web.status.readyReplicas)").Text(),
              HasSubstr("web.status: has only conditions, phase"));
}

TEST_F(EvaluatorTest, MistakesOfAnExpressionHaveTheirPlace) {
  const auto compiled = evaluator_.Compile(
      {"web"}, {"web.a == 1", "bad.metadata.name == 'x'", "web.a ==", "web.name.lowerAscii()"},
      Soon());

  ASSERT_TRUE(compiled.ok()) << compiled.error().message();
  EXPECT_THAT(compiled->at(0), IsEmpty());
  ASSERT_EQ(compiled->at(1).size(), 1u);
  EXPECT_THAT(compiled->at(1)[0].message, HasSubstr("undeclared reference to 'bad'"));
  EXPECT_EQ(compiled->at(1)[0].line, 1);
  EXPECT_EQ(compiled->at(1)[0].column, 1);
  ASSERT_FALSE(compiled->at(2).empty());
  EXPECT_THAT(compiled->at(2)[0].message, HasSubstr("Syntax error"));
  // Of an extension, which kuttl does not have.
  ASSERT_FALSE(compiled->at(3).empty());
  EXPECT_THAT(compiled->at(3)[0].message, HasSubstr("lowerAscii"));
}

TEST_F(EvaluatorTest, TemplatesKnowTheNamespaceVariablesSprigAndTheEnvironment) {
  const Json vars = {{"name", "shop"}, {"list", {1, 2}}};
  EXPECT_EQ(Rendering("a: {{ .Namespace }}-{{ .Vars.name | upper }}\n", vars),
            "a: kuttl-ns-SHOP\n");
  EXPECT_EQ(Rendering("{{ range .Vars.list }}[{{ . }}]{{ end }}", vars), "[1][2]");
  EXPECT_EQ(Rendering("{{ .Vars.missing }} {{ env \"FROM_OUTSIDE\" }}", vars), "<no value> yes");
  EXPECT_EQ(Rendering("{{ define \"x\" }}<{{ . }}>{{ end }}{{ template \"x\" .Vars.name }}", vars),
            "<shop>");
}

TEST_F(EvaluatorTest, WholeNumbersPrintAsSuchAndComputeAsInKuttl) {
  const Json vars = {{"n", 1000000}, {"half", 0.5}, {"list", {1000000, "x"}}};
  EXPECT_EQ(Rendering("{{ .Vars.n }} {{ .Vars.half }} {{ .Vars.list }}", vars),
            "1000000 0.5 [1000000 x]");
  EXPECT_EQ(Rendering("{{ .Vars.n | quote }} {{ print .Vars.n }} {{ toString .Vars.n }} "
                      "{{ cat .Vars.n }} {{ join \",\" .Vars.list }}",
                      vars),
            "\"1000000\" 1000000 1000000 1000000 1000000,x");
  // In kuttl they are floats: what computes with them must not notice a difference.
  EXPECT_EQ(
      Rendering("{{ eq .Vars.n 1000000.0 }} {{ printf \"%.1f\" .Vars.n }} {{ add .Vars.n 1 }} "
                "{{ kindOf .Vars.n }} {{ toJson .Vars.n }}",
                vars),
      "true 1000000.0 1000001 float64 1000000");
}

TEST_F(EvaluatorTest, ATemplateThatCannotBeFilledInSaysWhere) {
  EXPECT_THAT(Rendering("a: 1\nb: {{ .Vars.x | nothing }}\n"), HasSubstr("2:"));
  EXPECT_THAT(Rendering("a: 1\nb: {{ .Vars.x | nothing }}\n"),
              HasSubstr("function \"nothing\" not defined"));
  EXPECT_THAT(Rendering("a: 1\n\nb: {{ fail \"because\" }}\n"),
              ::testing::AllOf(HasSubstr("3:7: "), HasSubstr("because")));
  EXPECT_THAT(Rendering("a: {{ .Nothing }}\n"), HasSubstr("can't evaluate field Nothing"));
}

TEST_F(EvaluatorTest, LinesOfATemplatesTextKnowTheirLineInTheTemplate) {
  const std::string text =
      "a: 1\n{{- if true }}\nb: 2\n{{- end }}\n{{ range .Vars.list }}c{{ . }}: x\n{{ end }}d: 4\n";
  const auto rendered =
      evaluator_.Render("00-a.gotmpl.yaml", text, "ns", {{"list", {1, 2}}}, Soon());

  ASSERT_TRUE(rendered.ok()) << rendered.error().message();
  EXPECT_EQ(rendered->text, "a: 1\nb: 2\nc1: x\nc2: x\nd: 4\n");
  EXPECT_THAT(rendered->lines, ElementsAre(1, 3, 5, 5, 6));
}

TEST_F(EvaluatorTest, ValuesOfTemplateVariablesAreYaml) {
  const auto values = evaluator_.ParseValues({{"flag", "true"},
                                              {"yes", "yes"},
                                              {"nothing", ""},
                                              {"list", "[1, a]"},
                                              {"number", "7"},
                                              {"text", "a b"}},
                                             Soon());
  ASSERT_TRUE(values.ok()) << values.error().message();
  EXPECT_EQ(*values, Json::parse(R"({"flag": true, "yes": "yes", "nothing": null, "list": [1, "a"],
                                     "number": 7, "text": "a b"})"));

  const auto broken = evaluator_.ParseValues({{"bad", "[1"}}, Soon());
  EXPECT_TRUE(broken.Is(Code::kInvalid));
  EXPECT_THAT(broken.error().message(), HasSubstr("the value of \"bad\""));
}

TEST_F(EvaluatorTest, ManyThreadsAskOneHelper) {
  std::atomic<int> good = 0;
  base::Crew crew;
  for (int thread = 0; thread < 8; ++thread) {
    crew.Start("ask", [&, thread](std::stop_token) {
      const Json mine = {{"n", thread}};
      for (int i = 0; i < 50; ++i) {
        const auto truths = evaluator_.Evaluate(
            {{"x", &mine}}, {"x.n == " + std::to_string(thread), "x.n > 100"}, Soon());
        if (truths.ok() && truths->at(0).holds && !truths->at(1).holds) ++good;
      }
    });
  }
  crew.StopAndJoin();
  EXPECT_EQ(good, 400);
}

TEST_F(EvaluatorTest, LargeObjectsGoThroughInBothDirections) {
  const Json big = {{"text", std::string(size_t{4} << 20, 'x')}};
  const auto truths = evaluator_.Evaluate({{"big", &big}}, {"size(big.text) == 4194304"}, Soon());
  ASSERT_TRUE(truths.ok()) << truths.error().message();
  EXPECT_TRUE(truths->at(0).holds);
  EXPECT_EQ(Rendering("{{ repeat 3000000 \"y\" }}").size(), 3000000u);
}

TEST_F(EvaluatorTest, AQuestionThatTakesTooLongIsGivenUpAndTheNextIsAnswered) {
  const std::string endless =
      "{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}done";
  const auto rendered =
      evaluator_.Render("x", endless, "ns", {}, base::Until::After(clock_, 200ms));
  EXPECT_TRUE(rendered.Is(Code::kTimeout)) << rendered.error().message();

  std::stop_source stop;
  base::Crew crew;
  crew.Start("stop", [&](std::stop_token) { stop.request_stop(); });
  const auto stopped =
      evaluator_.Render("x", endless, "ns", {}, base::Until::After(clock_, 30s, stop.get_token()));
  EXPECT_TRUE(stopped.Is(Code::kCancelled));

  EXPECT_TRUE(Eval("web.spec.replicas == 2").holds);
}

// A helper that is a shell script.
class HelperTest : public EvaluatorTest {
 protected:
  HelperOptions Script(const std::string& text) {
    const std::string path = (folder_.path() / "helper").string();
    EXPECT_TRUE(sys::WriteFileAtomically(path, "#!/bin/sh\n" + text, 0755).ok());
    return {[path] { return path; }, {{"PATH", "/usr/bin:/bin"}}};
  }

  sys::TempDir folder_ = *sys::TempDir::Make("helper-test");
};

TEST_F(HelperTest, OneThatIsNotThereSaysWhatToDo) {
  Evaluator none({[] { return base::Fail(Code::kNotFound, "run tools/eval/build"); }, {}}, clock_);
  const auto truths = none.Evaluate({}, {"true"}, Soon());
  ASSERT_TRUE(truths.Is(Code::kNotFound));
  EXPECT_EQ(truths.error().message(), "run tools/eval/build");

  Evaluator wrong({[] { return std::string("/nowhere/seatrial-eval"); }, {}}, clock_);
  const auto asked = wrong.Evaluate({}, {"true"}, Soon());
  ASSERT_TRUE(asked.Is(Code::kNotFound));
  EXPECT_THAT(asked.error().message(), HasSubstr("/nowhere/seatrial-eval"));
}

TEST_F(HelperTest, OneThatDiesIsQuotedAndStartedAnewForTheNextQuestion) {
  const std::string once = (folder_.path() / "once").string();
  Helper helper(Script("if [ -e " + once +
                       " ]; then read -r line <&3; "
                       "echo '{\"id\": 1, \"body\": {\"answer\": 42}}'; read -r line <&3; fi\n"
                       "touch " +
                       once + "\nread -r line <&3\necho out of cheese >&2\nexit 7\n"),
                clock_);

  const auto first = helper.Ask("x", {}, Soon());
  ASSERT_TRUE(first.Is(Code::kUnavailable));
  EXPECT_THAT(first.error().message(), HasSubstr("exit status 7: out of cheese"));
  const auto second = helper.Ask("x", {}, Soon());
  ASSERT_TRUE(second.ok()) << second.error().message();
  EXPECT_EQ(second->at("answer"), 42);
}

TEST_F(HelperTest, NonsenseIsAnErrorAndNoAnswer) {
  Helper words(Script("read -r line <&3; echo hello; sleep 60\n"), clock_);
  EXPECT_FALSE(words.Ask("x", {}, Soon()).ok());
  Helper other(Script("read -r line <&3; echo '{\"id\": 9, \"body\": {}}'; sleep 60\n"), clock_);
  EXPECT_THAT(other.Ask("x", {}, Soon()).error().message(), HasSubstr("another question"));
}

}  // namespace
}  // namespace expect
