#include "report/problem_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace report {
namespace {

using value::Problem;

const std::vector<Problem> kProblems = {
    {"b.yaml", {2, 3}, "must be a string", false},
    {"a.yaml", {}, "no such file", true},
    {"b.yaml", {2, 3}, "must be a string", false},
    {"b.yaml", {1, 1}, "50%: a, b", true},
};

TEST(ProblemListTest, SortsByPlaceAndTellsEachOnce) {
  const auto sorted = SortProblems(kProblems);
  ASSERT_EQ(sorted.size(), 3u);
  EXPECT_EQ(sorted[0].file, "a.yaml");
  EXPECT_EQ(sorted[1].mark.line, 1);
  EXPECT_EQ(sorted[2].mark.line, 2);
}

TEST(ProblemListTest, ShowsTheLineWithAMarkBelowTheColumn) {
  const auto read = [](const std::string&) { return std::string("spec:\n\t replicas: 1\n"); };
  EXPECT_EQ(FormatProblems(SortProblems(kProblems), read),
            "warning: a.yaml: no such file\n"
            "warning: b.yaml:1:1: 50%: a, b\n"
            "     1 | spec:\n"
            "       | ^\n"
            "error: b.yaml:2:3: must be a string\n"
            "     2 | \t replicas: 1\n"
            "       | \t ^\n");
}

TEST(ProblemListTest, AFileThatCannotBeReadHasNoExcerpt) {
  const auto read = [](const std::string&) { return std::string(); };
  EXPECT_EQ(FormatProblems({{"b.yaml", {2, 3}, "wrong", false}}, read),
            "error: b.yaml:2:3: wrong\n");
}

TEST(ProblemListTest, WritesJson) {
  const value::Json json = ProblemsAsJson(SortProblems(kProblems));
  EXPECT_EQ(json["errors"], 1);
  EXPECT_EQ(json["warnings"], 2);
  EXPECT_EQ(
      json["problems"][0],
      (value::Json{{"severity", "warning"}, {"file", "a.yaml"}, {"message", "no such file"}}));
  EXPECT_EQ(json["problems"][2]["line"], 2);
  EXPECT_EQ(json["problems"][2]["column"], 3);
}

TEST(ProblemListTest, WritesGithubAnnotations) {
  EXPECT_EQ(ProblemsAsGithubAnnotations(SortProblems(kProblems)),
            "::warning file=a.yaml,title=seatrial check::no such file\n"
            "::warning file=b.yaml,line=1,col=1,title=seatrial check::50%25: a, b\n"
            "::error file=b.yaml,line=2,col=3,title=seatrial check::must be a string\n");
  EXPECT_EQ(ProblemsAsGithubAnnotations({{"a,b:c.yaml", {}, "one\ntwo", false}}),
            "::error file=a%2Cb%3Ac.yaml,title=seatrial check::one%0Atwo\n");
}

}  // namespace
}  // namespace report
