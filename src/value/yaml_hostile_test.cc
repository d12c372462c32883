// Texts made to hurt: every one ends in a Problem (or is read), quickly and with little memory.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "value/yaml.h"

namespace value {
namespace {

using ::testing::HasSubstr;

std::string Repeat(std::string_view text, int times) {
  std::string repeated;
  for (int i = 0; i < times; ++i) repeated += text;
  return repeated;
}

std::string FirstProblem(std::string_view text) {
  const ParsedYaml parsed = ParseYaml(text, "f");
  return parsed.problems.empty() ? "" : parsed.problems[0].Format();
}

std::string NestedMaps(int depth) {
  std::string text;
  for (int i = 0; i < depth; ++i) text += std::string(static_cast<size_t>(i), ' ') + "a:\n";
  return text;
}

TEST(YamlHostileTest, AcceptsAHundredLevelsAndNoMore) {
  EXPECT_TRUE(ParseYaml(Repeat("[", 100) + Repeat("]", 100), "f").ok());
  EXPECT_THAT(FirstProblem(Repeat("[", 101) + Repeat("]", 101)), HasSubstr("deeper than 100"));
  EXPECT_TRUE(ParseYaml(NestedMaps(99), "f").ok());
  EXPECT_THAT(FirstProblem(NestedMaps(101)), HasSubstr("deeper than 100"));
}

TEST(YamlHostileTest, RefusesAbsurdDepth) {
  EXPECT_NE(FirstProblem(Repeat("[", 100'000)), "");
  EXPECT_NE(FirstProblem(Repeat("{a: ", 100'000)), "");
  EXPECT_NE(FirstProblem(Repeat("- ", 20'000)), "");
  EXPECT_NE(FirstProblem(Repeat("{\"a\":", 100'000) + "1" + Repeat("}", 100'000)), "");
}

TEST(YamlHostileTest, RefusesABillionLaughs) {
  std::string text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 10; ++i) {
    text += fmt::format("a{0}: &a{0} [{1}]\n", i, Repeat(fmt::format("*a{}, ", i - 1), 9));
  }

  EXPECT_THAT(FirstProblem(text), HasSubstr("aliases make this document too large"));
}

TEST(YamlHostileTest, RefusesManyAliasesOfALongText) {
  const std::string text =
      "a: &a " + std::string(1'000'000, 'x') + "\nb: [" + Repeat("*a, ", 1000) + "]\n";

  EXPECT_THAT(FirstProblem(text), HasSubstr("aliases make this document too large"));
}

TEST(YamlHostileTest, RefusesManyAliasesOfALongKey) {
  const std::string text =
      "a: &a {? " + std::string(1'000'000, 'x') + " : 1}\nb: [" + Repeat("*a, ", 1000) + "]\n";

  EXPECT_THAT(FirstProblem(text), HasSubstr("aliases make this document too large"));
}

TEST(YamlHostileTest, RefusesMergesThatMultiply) {
  std::string text = "a0: &a0 {k: v}\n";
  for (int i = 1; i < 30; ++i) {
    text += fmt::format("a{0}: &a{0} {{<<: [*a{1}, *a{1}, *a{1}], k{0}: v}}\n", i, i - 1);
  }

  EXPECT_THAT(FirstProblem(text), HasSubstr("aliases make this document too large"));
}

TEST(YamlHostileTest, RefusesAnAnchorThatContainsItself) {
  EXPECT_THAT(FirstProblem("a: &a [*a]\n"), HasSubstr("contains itself"));
  EXPECT_THAT(FirstProblem("&a {b: {c: *a}}\n"), HasSubstr("contains itself"));
  EXPECT_NE(FirstProblem("a: &a {<<: *a}\n"), "");
}

TEST(YamlHostileTest, RefusesAChainOfAliasesThatNestsTooDeep) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 200; ++i) text += fmt::format("a{0}: &a{0} [*a{1}]\n", i, i - 1);

  EXPECT_THAT(FirstProblem(text), HasSubstr("aliases nest deeper than 100"));
}

TEST(YamlHostileTest, ReadsLongKeysAboveManyChildrenWithoutManyCopies) {
  const std::string key(1'000'000, 'k');
  const ParsedYaml parsed = ParseYaml("? " + key + "\n: [" + Repeat("1,", 100'000) + "]\n", "f");

  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.documents[0].json[key].size(), 100'000U);
  EXPECT_LT(parsed.documents[0].marks.size(), 100U);
  EXPECT_EQ(parsed.documents[0].At({key, "99999"}).line, 1);
}

TEST(YamlHostileTest, RefusesBytesThatAreNotText) {
  EXPECT_THAT(FirstProblem("a: 1\nb: \xFF\n"), HasSubstr("f:2:4: not UTF-8 text"));
  EXPECT_THAT(FirstProblem("a: \"\xED\xA0\x80\"\n"), HasSubstr("not UTF-8 text"));
  EXPECT_NE(FirstProblem("a: !!binary \"/w==\"\n"), "");
  EXPECT_NE(FirstProblem("a: \"\\ud800\"\n"), "");
  EXPECT_EQ(FirstProblem(std::string("a: \0b\n", 6)), "f:1:4: a control character (0x00)");
}

TEST(YamlHostileTest, ReadsOddEndings) {
  const std::string text =
      "{\"a\": [1, {\"b\": \"c\\n\"}], d: &x |\n  e\n? *x\n: !!int 3\n---\n<<: &y";
  for (size_t length = 0; length <= text.size(); ++length) {
    const ParsedYaml parsed = ParseYaml(text.substr(0, length), "f");
    for (const Document& document : parsed.documents) EXPECT_NO_THROW(document.json.dump());
  }
}

TEST(YamlHostileTest, SurvivesEveryByteInEveryPlace) {
  const std::string text = "a: &x [1, \"b\", |\n c]\nd: {<<: *x, e: 'f'} # g\n";
  for (size_t at = 0; at < text.size(); ++at) {
    for (int byte = 0; byte < 256; byte += 3) {
      std::string changed = text;
      changed[at] = static_cast<char>(byte);
      const ParsedYaml parsed = ParseYaml(changed, "f");
      for (const Document& document : parsed.documents) EXPECT_NO_THROW(document.json.dump());
    }
  }
}

TEST(YamlHostileTest, EndsOnManyBlockScalarsWithoutContent) {
  EXPECT_TRUE(ParseYaml("x:\n" + Repeat("  - |\n", 200), "f").ok());
  EXPECT_THAT(FirstProblem("x:\n" + Repeat("  - |\n", 10'000)),
              HasSubstr("too many block scalars and items without content"));
}

}  // namespace
}  // namespace value
