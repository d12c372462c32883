#include "value/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "value/utf8.h"
#include "value/yaml.h"

namespace value {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(std::string_view text) {
  const auto json = ParseJson(text);
  return json.ok() ? "" : json.error().message();
}

TEST(JsonTest, ReadsWholeNumbersAsInt64AndAllOthersAsDouble) {
  const Json json = *ParseJson("[1, -1, 1.0, 9223372036854775807, 9223372036854775808, 1e2]");

  EXPECT_EQ(json[0].type(), Json::value_t::number_integer);
  EXPECT_EQ(json[1].type(), Json::value_t::number_integer);
  EXPECT_EQ(json[2].type(), Json::value_t::number_float);
  EXPECT_EQ(json[3].type(), Json::value_t::number_integer);
  EXPECT_EQ(json[4].type(), Json::value_t::number_float);
  EXPECT_EQ(json[5].type(), Json::value_t::number_float);
}

TEST(JsonTest, NormalizesWholeDoublesEverywhere) {
  Json json = *ParseJson(R"({"a":[3.0,1.5,1e21,-0.0],"b":{"c":1e2}})");

  NormalizeNumbers(json);

  EXPECT_EQ(json.dump(), R"({"a":[3,1.5,1e+21,0],"b":{"c":100}})");
}

TEST(JsonTest, SaysWhereAndWhy) {
  EXPECT_THAT(ErrorOf("{\n  \"a\": ,\n}"), HasSubstr("line 2, column 8: "));
  EXPECT_THAT(ErrorOf("[1"), HasSubstr("line 1, column 3: unexpected end of input"));
  EXPECT_NE(ErrorOf(""), "");
  EXPECT_NE(ErrorOf("[1] 2"), "");
  EXPECT_NE(ErrorOf("1e999"), "");
  EXPECT_NE(ErrorOf("[\"\xFF\"]"), "");
  EXPECT_TRUE(ParseJson("[").Is(base::Code::kInvalid));
}

TEST(JsonTest, WhatItSaysIsShortAndUtf8WhateverItRead) {
  for (const std::string& text :
       {std::string("\"\xFF"), "\"" + std::string(1000, 'x'),
        "\"" + std::string(199, 'x') + "\xC3\xA9", "{\"" + std::string(500, '\xA9')}) {
    const std::string said = ErrorOf(text);
    EXPECT_NE(said, "");
    EXPECT_LT(said.size(), 800u) << text;
    EXPECT_EQ(FindInvalidUtf8(said), std::string::npos) << said;
  }
}

TEST(JsonTest, RefusesDepthThatWouldOverflowTheStack) {
  EXPECT_TRUE(ParseJson(std::string(400, '[') + std::string(400, ']')).ok());
  EXPECT_THAT(ErrorOf(std::string(100'000, '[')), HasSubstr("deeper than 500"));
}

TEST(JsonTest, MergesAPatch) {
  Json target = Json::parse(R"({"a":{"b":1,"c":2},"d":[1,2]})");

  MergePatch(target, Json::parse(R"({"a":{"b":null,"e":3},"d":[9]})"));

  EXPECT_EQ(target, Json::parse(R"({"a":{"c":2,"e":3},"d":[9]})"));
}

TEST(JsonTest, WritesPathsAsPeopleDo) {
  const Json root = Json::parse(R"({"spec":{"containers":[{"image":"x"}]},"map":{"0":1}})");

  EXPECT_EQ(FormatPath({"spec", "containers", "0", "image"}, root), ".spec.containers[0].image");
  EXPECT_EQ(FormatPath({"map", "0"}, root), ".map.0");
  EXPECT_EQ(FormatPath({"metadata", "labels", "app.kubernetes.io/name"}, root),
            ".metadata.labels[\"app.kubernetes.io/name\"]");
  EXPECT_EQ(FormatPath({}, root), ".");
  EXPECT_EQ(FormatPath({"two\nlines", "a \"quote\""}, root), R"(["two\nlines"]["a \"quote\""])");
}

TEST(JsonTest, FindsByPath) {
  const Json root = Json::parse(R"({"a":[{"b":"c"}],"n":1})");

  ASSERT_NE(Find(root, {"a", "0", "b"}), nullptr);
  EXPECT_EQ(*Find(root, {"a", "0", "b"}), "c");
  EXPECT_EQ(Find(root, {}), &root);
  EXPECT_EQ(Find(root, {"a", "1"}), nullptr);
  EXPECT_EQ(Find(root, {"a", "x"}), nullptr);
  EXPECT_EQ(Find(root, {"n", "x"}), nullptr);
  EXPECT_EQ(FindString(root, {"a", "0", "b"}), "c");
  EXPECT_EQ(FindString(root, {"n"}), "");
}

TEST(ToYamlTest, WritesBlockStyleAsKubectlDoes) {
  const Json json = Json::parse(R"({"kind":"Pod","spec":{"containers":[{"name":"a","args":["-c",
      "x"],"env":[]},{"name":"b"}],"empty":{}},"matrix":[[1,2],[]]})");

  EXPECT_EQ(ToYaml(json), R"(kind: Pod
matrix:
- - 1
  - 2
- []
spec:
  containers:
  - args:
    - -c
    - x
    env: []
    name: a
  - name: b
  empty: {}
)");
}

TEST(ToYamlTest, QuotesWhatWouldBeReadAsSomethingElse) {
  EXPECT_EQ(ToYaml(Json{{"a", "yes"}, {"b", "0644"}, {"c", ""}, {"d", "null"}, {"e", "1.0"}}),
            "a: \"yes\"\nb: \"0644\"\nc: \"\"\nd: \"null\"\ne: \"1.0\"\n");
  EXPECT_EQ(ToYaml(Json{{"on", "a: b"}, {"x", "# c"}, {"z", "a #b"}}),
            "\"on\": \"a: b\"\nx: \"# c\"\nz: \"a #b\"\n");
  EXPECT_EQ(ToYaml("plain text, http://x:80/y"), "plain text, http://x:80/y\n");
}

TEST(ToYamlTest, WritesTextOfSeveralLinesAsABlock) {
  EXPECT_EQ(ToYaml(Json{{"a", "x\n\n  y\n"}, {"b", "x\ny"}, {"c", "x\n\n"}, {"d", " x\ny"}}),
            "a: |\n  x\n\n    y\nb: |-\n  x\n  y\nc: |+\n  x\n\nd: \" x\\ny\"\n");
}

TEST(ToYamlTest, IsReadBackAsTheSameValue) {
  Json json;
  for (const char* text : {"",
                           " ",
                           "a",
                           "yes",
                           "y",
                           "~",
                           "null",
                           "1",
                           "-1",
                           "1e3",
                           ".5",
                           "0x1f",
                           "-",
                           "--",
                           "---",
                           "-a",
                           "--a=b",
                           "- a",
                           "?",
                           "? a",
                           ":",
                           "a:",
                           "a: b",
                           ":a",
                           "#",
                           "a #b",
                           "a#b",
                           "[",
                           "]",
                           "{a}",
                           "&a",
                           "*a",
                           "!a",
                           "|",
                           ">",
                           "%a",
                           "@a",
                           "`a",
                           "'",
                           "\"",
                           "'a'",
                           "a'b",
                           "=",
                           "<<",
                           "<",
                           "...",
                           "....",
                           "a\nb",
                           "a\nb\n",
                           "a\n\n",
                           "\n",
                           "\n\n",
                           "\na",
                           " a\nb",
                           "a\n b\n",
                           "a \nb ",
                           "a\tb",
                           "\ta",
                           "a\r\nb",
                           "a\\b",
                           "\x01",
                           "\x7f",
                           "\xC2\x85",
                           "\xC2\x80",
                           "\xE2\x80\xA8",
                           "\xEF\xBB\xBF",
                           "\xF0\x9F\x98\x80",
                           "h\xC3\xA9llo",
                           "a,b",
                           "a\n---\nb",
                           "trailing ",
                           "2026-01-01",
                           "a\n# b\n"}) {
    json["list"].push_back(text);
    json["map"][text] = text;
    json["nested"].push_back(Json{{"k", Json::array({text, Json::array({text})})}});
  }
  json["numbers"] = Json::array({1, -1, 1.5, 1e30, 1e-9, true, false, nullptr});

  const ParsedYaml parsed = ParseYaml(ToYaml(json), "f");

  ASSERT_TRUE(parsed.ok()) << parsed.problems[0].Format() << "\n" << ToYaml(json);
  ASSERT_EQ(parsed.documents.size(), 1U);
  EXPECT_EQ(parsed.documents[0].json, json) << Json::diff(json, parsed.documents[0].json).dump();
}

TEST(Utf8Test, FindsTheFirstBadByte) {
  EXPECT_EQ(FindInvalidUtf8("h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"), std::string::npos);
  EXPECT_EQ(FindInvalidUtf8("ab\xFF"), 2U);
  EXPECT_EQ(FindInvalidUtf8("a\xC3"), 1U);
  EXPECT_EQ(FindInvalidUtf8("\xC0\x80"), 0U);          // overlong
  EXPECT_EQ(FindInvalidUtf8("\xED\xA0\x80"), 0U);      // surrogate
  EXPECT_EQ(FindInvalidUtf8("\xF4\x90\x80\x80"), 0U);  // beyond U+10FFFF
}

TEST(Utf8Test, ReplacesBadBytes) {
  EXPECT_EQ(ToValidUtf8("a\xFF\xFE"
                        "b"),
            "a\xEF\xBF\xBD\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(ToValidUtf8("ok"), "ok");
}

}  // namespace
}  // namespace value
