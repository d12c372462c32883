#include "trial/run_selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trial {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Read {
  RunSelector selector;
  std::vector<std::string> problems;
};

Read ReadText(const std::string& fields) {
  const auto parsed =
      value::ParseYaml("apiVersion: kuttl.dev/v1beta1\nkind: TestFile\n" + fields, "f.yaml");
  Problems problems(false);
  Read read{ReadRunSelector(parsed.documents.at(0), problems), {}};
  for (const auto& problem : problems.all())
    read.problems.push_back((problem.warning ? "warning: " : "error: ") + problem.Format());
  return read;
}

TEST(RunSelectorTest, LabelsAndExpressionsMustAllHold) {
  const Read read = ReadText(R"yaml(testRunSelector:
  matchLabels: {flavour: full}
  matchExpressions:
  - {key: tier, operator: In, values: [a, b]}
  - {key: slow, operator: DoesNotExist}
  - {key: cloud, operator: NotIn, values: [gke]}
  - {key: tier, operator: Exists}
)yaml");

  EXPECT_THAT(read.problems, IsEmpty());
  EXPECT_TRUE(read.selector.Selects({{"flavour", "full"}, {"tier", "b"}}));
  EXPECT_TRUE(read.selector.Selects({{"flavour", "full"}, {"tier", "a"}, {"cloud", "eks"}}));
  EXPECT_FALSE(read.selector.Selects({{"flavour", "full"}, {"tier", "a"}, {"cloud", "gke"}}));
  EXPECT_FALSE(read.selector.Selects({{"flavour", "full"}, {"tier", "a"}, {"slow", ""}}));
  EXPECT_FALSE(read.selector.Selects({{"flavour", "full"}, {"tier", "c"}}));
  EXPECT_FALSE(read.selector.Selects({{"tier", "a"}}));
  EXPECT_FALSE(read.selector.Selects({}));
}

TEST(RunSelectorTest, AnEmptySelectorTakesEveryRunAndNoneTakesNoRun) {
  const Read empty = ReadText("testRunSelector: {}\n");
  EXPECT_THAT(empty.problems, IsEmpty());
  EXPECT_TRUE(empty.selector.Selects({}));
  EXPECT_TRUE(empty.selector.Selects({{"a", "b"}}));

  for (const char* text : {"", "testRunSelector:\n"}) {
    const Read none = ReadText(text);
    EXPECT_FALSE(none.selector.Selects({}));
    EXPECT_FALSE(none.selector.Selects({{"a", "b"}}));
    EXPECT_THAT(none.problems,
                ElementsAre(HasSubstr("warning: f.yaml:1:1: a TestFile without testRunSelector")));
  }
}

TEST(RunSelectorTest, MistakesHaveTheirPlace) {
  const Read read = ReadText(R"yaml(testRunSelector:
  matchLabels: {"-bad": x}
  matchExpressions:
  - {key: a, operator: in, values: [b]}
  - {key: a, operator: In}
  - {key: a, operator: Exists, values: [b]}
  - {key: a, operator: In, values: ["b c"]}
  matchNames: [x]
)yaml");

  EXPECT_THAT(read.problems, Contains(HasSubstr("error: f.yaml:4:3: \"-bad\" is no label key")));
  EXPECT_THAT(read.problems, Contains(HasSubstr("unknown operator \"in\" (did you mean \"In\"?)")));
  EXPECT_THAT(read.problems, Contains(HasSubstr("In needs values")));
  EXPECT_THAT(read.problems, Contains(HasSubstr("Exists needs no values")));
  EXPECT_THAT(read.problems, Contains(HasSubstr("\"b c\" is no label value")));
  EXPECT_THAT(read.problems, Contains(HasSubstr("warning: f.yaml:10:3: unknown field")));
}

TEST(RunSelectorTest, LabelsOfARunAreReadFromOneText) {
  EXPECT_EQ(*ParseLabels(""), Labels{});
  EXPECT_EQ(*ParseLabels("a=b, example.com/c = d,e="),
            (Labels{{"a", "b"}, {"example.com/c", "d"}, {"e", ""}}));
  for (const char* bad : {"a", "a=b=c", "a=b,", "=b", "a=b c", "/a=b", "a/b/c=d"})
    EXPECT_TRUE(ParseLabels(bad).Is(base::Code::kInvalid)) << bad;
}

}  // namespace
}  // namespace trial
