#include "value/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace value {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Messages(const ParsedYaml& parsed) {
  std::vector<std::string> messages;
  for (const Problem& problem : parsed.problems) {
    messages.push_back((problem.warning ? "warning " : "") + problem.Format());
  }
  return messages;
}

// The only document of a text without errors.
Json One(std::string_view text) {
  const ParsedYaml parsed = ParseYaml(text, "f.yaml");
  EXPECT_TRUE(parsed.ok()) << testing::PrintToString(Messages(parsed));
  EXPECT_EQ(parsed.documents.size(), 1U);
  return parsed.documents.empty() ? Json() : parsed.documents[0].json;
}

std::string FirstProblem(std::string_view text) {
  const ParsedYaml parsed = ParseYaml(text, "f.yaml");
  return parsed.problems.empty() ? "" : parsed.problems[0].Format();
}

std::string At(const Document& document, const std::vector<std::string>& path) {
  const Mark mark = document.At(path);
  return fmt::format("{}:{}", mark.line, mark.column);
}

TEST(YamlTest, ReadsMapsListsAndScalars) {
  EXPECT_EQ(One("a: 1\nb: [x, \"2\", 'yes', yes]\nc:\n- d: 1.5\n  e: ~\n-\n"),
            Json::parse(R"({"a":1,"b":["x","2","yes",true],"c":[{"d":1.5,"e":null},null]})"));
}

TEST(YamlTest, MakesWholeFloatsIntegers) {
  const Json json = One("a: 3.0\nb: 1e3\nc: 1.5\nd: 1e21\n");

  EXPECT_TRUE(json["a"].is_number_integer());
  EXPECT_EQ(json["a"], 3);
  EXPECT_EQ(json["b"], 1000);
  EXPECT_TRUE(json["c"].is_number_float());
  EXPECT_TRUE(json["d"].is_number_float());
}

TEST(YamlTest, LeavesOutBlankAndCommentOnlyDocuments) {
  const ParsedYaml parsed = ParseYaml("---\n# nothing\n---\n\n---\na: 1\n---\nb: 2\n---", "f.yaml");

  ASSERT_EQ(parsed.documents.size(), 2U);
  EXPECT_EQ(parsed.documents[0].json, Json({{"a", 1}}));
  EXPECT_EQ(parsed.documents[1].json, Json({{"b", 2}}));
  EXPECT_THAT(parsed.problems, IsEmpty());
}

TEST(YamlTest, ReadsAnEmptyTextAsNoDocuments) {
  EXPECT_TRUE(ParseYaml("", "f").documents.empty());
  EXPECT_TRUE(ParseYaml("\n", "f").documents.empty());
  EXPECT_TRUE(ParseYaml("---", "f").documents.empty());
  EXPECT_TRUE(ParseYaml("\xEF\xBB\xBF", "f").documents.empty());
}

TEST(YamlTest, AllowsOnlyACommentAfterTheSeparator) {
  EXPECT_TRUE(ParseYaml("--- # one\na: 1\n---\t\nb: 1\n", "f").ok());

  const ParsedYaml parsed = ParseYaml("a: 1\n--- x\nb: 2\n----\nc: 3\n", "f.yaml");
  EXPECT_THAT(
      Messages(parsed),
      ElementsAre(
          "f.yaml:2:4: \"x\" after the document separator ---; only a comment may stand there",
          "f.yaml:4:4: \"-\" after the document separator ---; only a comment may stand there"));
}

TEST(YamlTest, SplitsAtSeparatorLinesOnly) {
  const Json json = One("script: |\n  cat <<EOF\n  ---\n  x: y\n  EOF\n");

  EXPECT_EQ(json["script"], "cat <<EOF\n---\nx: y\nEOF\n");
}

TEST(YamlTest, KnowsTheLineAndColumnOfEveryKeyAndElement) {
  const ParsedYaml parsed = ParseYaml(
      "# head\nkind: Pod\n---\nkind: Deployment\nspec:\n  replicas: 3\n  containers:\n"
      "  - name: a\n    args: [x, y]\n  - name: b\n    note: |\n      text\n",
      "f.yaml");

  ASSERT_EQ(parsed.documents.size(), 2U);
  EXPECT_EQ(At(parsed.documents[0], {}), "2:1");
  const Document& second = parsed.documents[1];
  EXPECT_EQ(At(second, {}), "4:1");
  EXPECT_EQ(At(second, {"spec", "replicas"}), "6:3");
  EXPECT_EQ(At(second, {"spec", "containers", "1"}), "10:5");
  EXPECT_EQ(At(second, {"spec", "containers", "0", "args", "1"}), "9:15");
  EXPECT_EQ(At(second, {"spec", "containers", "1", "note"}), "11:5");
}

TEST(YamlTest, GivesTheNearestParentForAPathThatIsNotThere) {
  const ParsedYaml parsed = ParseYaml("metadata:\n  labels:\n    a/b: c\n", "f.yaml");

  EXPECT_EQ(At(parsed.documents[0], {"metadata", "namespace"}), "1:1");
  EXPECT_EQ(At(parsed.documents[0], {"metadata", "labels", "x"}), "2:3");
  EXPECT_EQ(At(parsed.documents[0], {"metadata", "labels", "a/b"}), "3:5");
  EXPECT_EQ(At(parsed.documents[0], {"status", "phase"}), "1:1");
}

TEST(YamlTest, KnowsWhereAMergedKeyWasWritten) {
  const ParsedYaml parsed = ParseYaml("base: &b\n  x: 1\nuse:\n  <<: *b\n  z: 2\n", "f.yaml");

  EXPECT_EQ(At(parsed.documents[0], {"use", "x"}), "2:3");
  EXPECT_EQ(At(parsed.documents[0], {"use", "z"}), "5:3");
}

TEST(YamlTest, WarnsOfADuplicateKeyAndTakesTheLast) {
  const ParsedYaml parsed = ParseYaml("a:\n  b: 1\n  b: 2\n", "f.yaml");

  ASSERT_EQ(parsed.documents.size(), 1U);
  EXPECT_EQ(parsed.documents[0].json["a"]["b"], 2);
  EXPECT_EQ(At(parsed.documents[0], {"a", "b"}), "3:3");
  EXPECT_TRUE(parsed.ok());
  EXPECT_THAT(Messages(parsed),
              ElementsAre("warning f.yaml:3:3: duplicate key \"b\" (the last one counts)"));
}

TEST(YamlTest, MakesKeysStringsAndWarnsOfKeysThatChange) {
  const ParsedYaml parsed = ParseYaml("1: a\n2.5: b\non: c\ntrue: d\n\"no\": e\n", "f.yaml");

  EXPECT_EQ(parsed.documents[0].json, Json::parse(R"({"1":"a","2.5":"b","true":"d","no":"e"})"));
  EXPECT_THAT(Messages(parsed),
              ElementsAre("warning f.yaml:3:1: the key on is read as \"true\" (quote it)",
                          "warning f.yaml:4:1: duplicate key \"true\" (the last one counts)"));
}

TEST(YamlTest, WarnsOfALetterReadAsABoolean) {
  EXPECT_EQ(FirstProblem("answer: y\n"),
            "f.yaml:1:9: y is read as true; quote it if the letter is meant");
}

TEST(YamlTest, RefusesKeysThatHaveNoText) {
  EXPECT_THAT(FirstProblem("null: a\n"), HasSubstr("1:1: a key must be a string; null is none"));
  EXPECT_THAT(FirstProblem("? [a]\n: b\n"), HasSubstr("a key must be a string, not a map"));
}

TEST(YamlTest, RefusesNumbersThatJsonLacks) {
  EXPECT_EQ(FirstProblem("a: .inf\n"),
            "f.yaml:1:4: JSON has no number .inf (quote it if the text is meant)");
  EXPECT_EQ(One("a: \".nan\"\n")["a"], ".nan");
}

TEST(YamlTest, ExpandsAnchorsAndMergeKeys) {
  EXPECT_EQ(One("a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}\nf: {<<: [*x, {b: 3, z: 4}]}\n"),
            Json::parse(R"({"a":{"b":1},"c":{"b":1},"d":{"b":1,"e":2},"f":{"b":1,"z":4}})"));
  EXPECT_EQ(One("\"<<\": {a: 1}\n"), Json::parse(R"({"<<":{"a":1}})"));
}

TEST(YamlTest, LetsAMergeReplaceTheKeysAboveItAsKubernetesDoesAndWarns) {
  const ParsedYaml parsed = ParseYaml("a: 1\n<<: {a: 2, b: 3}\nb: 4\n", "f.yaml");

  EXPECT_EQ(parsed.documents[0].json, Json({{"a", 2}, {"b", 4}}));
  EXPECT_THAT(Messages(parsed), ElementsAre("warning f.yaml:2:5: << replaces the key \"a\" above "
                                            "it; put << first"));
}

TEST(YamlTest, RefusesAMergeOfSomethingElse) {
  EXPECT_THAT(FirstProblem("<<: 3\n"), HasSubstr("a merge key << needs a map"));
  EXPECT_THAT(FirstProblem("a: *nobody\n"), HasSubstr("1:4: no anchor \"&nobody\""));
}

TEST(YamlTest, ReadsBlockScalarsExactly) {
  EXPECT_EQ(One("a: |\n  one\n    two\n\n  three\n")["a"], "one\n  two\n\nthree\n");
  EXPECT_EQ(One("a: |-\n  x\n\nb: 1\n")["a"], "x");
  EXPECT_EQ(One("a: |+\n  x\n\nb: 1\n")["a"], "x\n\n");
  EXPECT_EQ(One("a: |2\n    x\n  y\n")["a"], "  x\ny\n");
  EXPECT_EQ(One("a: >\n  one\n  two\n\n  three\n")["a"], "one two\nthree\n");
  EXPECT_EQ(One("a: >-\n  a\n    b\n  c\n")["a"], "a\n  b\nc");
  EXPECT_EQ(One("a: >\n  trailing   \n  spaces  \n")["a"], "trailing    spaces  \n");
  EXPECT_EQ(One("a: |\n  x\n # comment\nb: 1\n")["b"], 1);
  EXPECT_EQ(One("a: |\r\n  x\r\n  y\r\nb: 1\r\n")["a"], "x\ny\n");
}

// libfyaml 0.7.12 takes the lines below for the block scalar's content.
TEST(YamlTest, KnowsThePlaceOfABlockScalarThatTheTextEndsWith) {
  for (const char* text : {"  >", "  > # why", "  >\n", "  >\n  a\n"}) {
    const ParsedYaml parsed = ParseYaml(text, "a.yaml");
    ASSERT_EQ(parsed.documents.size(), 1U) << text;
    EXPECT_EQ(parsed.documents[0].start.line, 1) << text;
    EXPECT_EQ(parsed.documents[0].start.column, 3) << text;
  }
}

TEST(YamlTest, LeavesTheNextKeyAloneAfterABlockScalarWithoutContent) {
  EXPECT_EQ(One("x:\n  a: |\n  b: 1\n"), Json::parse(R"({"x":{"a":"","b":1}})"));
  EXPECT_EQ(One("x:\n- a: >\n  b: 1\n"), Json::parse(R"({"x":[{"a":"","b":1}]})"));
  EXPECT_EQ(One("x:\n  - |\n  - b\n"), Json::parse(R"({"x":["","b"]})"));
  EXPECT_EQ(One("- - |\n  - b\n"), Json::parse(R"([["","b"]])"));
  EXPECT_EQ(One("x:\n  a: |+\n\n  b: 1\n"), Json::parse(R"({"x":{"a":"\n","b":1}})"));
  EXPECT_EQ(One("x:\n  a: !!str | # note\n  b: |\n  c: |-\n  # note\n  d: 1\n"),
            Json::parse(R"({"x":{"a":"","b":"","c":"","d":1}})"));
  EXPECT_EQ(One("x:\n  a: |\n\n    c\n  b: 1\n"), Json::parse(R"({"x":{"a":"\nc\n","b":1}})"));
}

// libfyaml 0.7.12 takes this for an error.
TEST(YamlTest, ReadsAnEmptyLastItemOfAListAtItsKeysColumn) {
  EXPECT_EQ(One("a:\n- x\n-\n"), Json::parse(R"({"a":["x",null]})"));
  EXPECT_EQ(One("a:\n- \n-   # two\n# end\n"), Json::parse(R"({"a":[null,null]})"));
  EXPECT_EQ(One("a:\n-\n-"), Json::parse(R"({"a":[null,null]})"));
}

TEST(YamlTest, ReadsADocumentThatStartsWithABraceAsJson) {
  const ParsedYaml parsed =
      ParseYaml("{\n  \"a\": \"x\\/y\",\n  \"b\": [\"\\ud83d\\ude00\", 2.0]\n}\n", "f.yaml");

  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.documents[0].json, Json::parse(R"({"a":"x/y","b":["\ud83d\ude00",2]})"));
  EXPECT_TRUE(parsed.documents[0].json["b"][1].is_number_integer());
  EXPECT_EQ(At(parsed.documents[0], {}), "1:1");
}

TEST(YamlTest, KnowsThePlacesOfJson) {
  const ParsedYaml parsed = ParseYaml("---\n{\n  \"a\": 1,\n  \"b\": [2]\n}\n", "f.yaml");

  EXPECT_EQ(At(parsed.documents[0], {"b"}), "4:3");
  EXPECT_EQ(At(parsed.documents[0], {"b", "0"}), "4:9");
}

TEST(YamlTest, ReadsOnlyTheFirstJsonValueAndSaysSo) {
  const ParsedYaml parsed = ParseYaml("{\"a\": 1}\n{\"b\": 2}\n", "f.yaml");

  EXPECT_EQ(parsed.documents[0].json, Json({{"a", 1}}));
  EXPECT_THAT(Messages(parsed),
              ElementsAre("warning f.yaml:2:1: text after the JSON value is ignored"));
}

TEST(YamlTest, ReadsBracesThatAreNotJsonAsYaml) {
  EXPECT_EQ(One("{a: yes, b: [c,]}\n"), Json::parse(R"({"a":true,"b":["c"]})"));
}

TEST(YamlTest, IgnoresADocumentAfterThreeDotsAndSaysSo) {
  const ParsedYaml parsed = ParseYaml("a: 1\n...\nb: 2\n", "f.yaml");

  EXPECT_EQ(parsed.documents[0].json, Json({{"a", 1}}));
  EXPECT_THAT(FirstProblem("a: 1\n...\nb: 2\n"), HasSubstr("after the document's end"));
}

TEST(YamlTest, GoesOnAfterABrokenDocument) {
  const ParsedYaml parsed = ParseYaml("a: [1\n---\nb: 2\n---\nc: *x\nd: .inf\n", "f.yaml");

  ASSERT_EQ(parsed.documents.size(), 1U);
  EXPECT_EQ(parsed.documents[0].json, Json({{"b", 2}}));
  EXPECT_EQ(parsed.problems.size(), 2U);
  EXPECT_FALSE(parsed.ok());
}

TEST(YamlTest, SaysWhereTheSyntaxIsWrong) {
  EXPECT_THAT(FirstProblem("a: 1\nb: c: d\n"), HasSubstr("f.yaml:2:5: "));
  EXPECT_THAT(FirstProblem("a:\n\tb: 2\n"), HasSubstr("f.yaml:2:"));
  EXPECT_THAT(FirstProblem("a: 1\n---\nkey: @x\n"), HasSubstr("f.yaml:3:6: "));
}

TEST(YamlTest, FindsAllProblemsOfADocument) {
  EXPECT_EQ(ParseYaml("a: .inf\nb: !!int x\nnull: c\n", "f").problems.size(), 3U);
}

TEST(YamlTest, FormatsProblemsForPeople) {
  EXPECT_EQ((Problem{"web.yaml", {12, 3}, "duplicate key \"name\""}).Format(),
            "web.yaml:12:3: duplicate key \"name\"");
  EXPECT_EQ((Problem{"", {12, 3}, "duplicate key \"name\""}).Format(),
            "12:3: duplicate key \"name\"");
}

TEST(YamlTest, FormatsProblemsOfWholeFilesWithoutALine) {
  EXPECT_EQ((Problem{"web.yaml", {}, "no such file"}).Format(), "web.yaml: no such file");
  EXPECT_EQ((Problem{"", {}, "no such file"}).Format(), "no such file");
}

}  // namespace
}  // namespace value
