#include "expect/matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace expect {
namespace {

using ::testing::HasSubstr;

Json J(std::string_view text) {
  return *value::ParseJson(text);
}

// Why `actual` does not do, "" when it does.
std::string Miss(std::string_view rules, std::string_view actual) {
  const auto matcher = Matcher::Parse(J(rules));
  EXPECT_TRUE(matcher.ok()) << rules << ": " << (matcher.ok() ? "" : matcher.error().message());
  if (!matcher.ok()) return "cannot be read";
  if (actual == "-") return matcher->Miss(nullptr);
  const Json json = J(actual);
  return matcher->Miss(&json);
}

std::string ErrorOf(std::string_view rules) {
  const auto matcher = Matcher::Parse(J(rules));
  EXPECT_FALSE(matcher.ok()) << rules;
  return matcher.ok() ? "" : matcher.error().message();
}

TEST(MatcherTest, AValueAloneIsContainedAsInAnAssertFile) {
  EXPECT_EQ(Miss("\"Running\"", "\"Running\""), "");
  EXPECT_EQ(Miss("\"Running\"", "\"Pending\""), "expected \"Running\", found \"Pending\"");
  EXPECT_EQ(Miss("3", "3.0"), "");
  EXPECT_EQ(Miss("\"1\"", "1"), "expected \"1\", found 1");
  EXPECT_EQ(Miss("3", "-"), "expected 3, found nothing");
  EXPECT_EQ(Miss(R"({"is":{"a":1}})", R"({"a":1,"b":2})"), "");
  EXPECT_EQ(Miss(R"({"is":{"a":1}})", R"({"a":2})"), ".a: expected 1, found 2");
  EXPECT_EQ(Miss("[1,2]", "[1,2]"), "");
  EXPECT_NE(Miss("[2,1]", "[1,2]"), "");
}

TEST(MatcherTest, NotHoldsForOtherValuesAndForNone) {
  EXPECT_EQ(Miss(R"({"not":"Failed"})", "\"Running\""), "");
  EXPECT_EQ(Miss(R"({"not":"Failed"})", "-"), "");
  EXPECT_EQ(Miss(R"({"not":"Failed"})", "\"Failed\""), "expected anything but \"Failed\"");
}

TEST(MatcherTest, OneOfAndAbsent) {
  EXPECT_EQ(Miss(R"({"oneOf":["a","b"]})", "\"b\""), "");
  EXPECT_EQ(Miss(R"({"oneOf":["a","b"]})", "\"c\""), "expected one of [\"a\",\"b\"], found \"c\"");
  EXPECT_EQ(Miss(R"({"absent":true})", "-"), "");
  EXPECT_EQ(Miss(R"({"absent":true})", "null"), "expected nothing, found null");
  EXPECT_EQ(Miss(R"({"absent":false})", "\"\""), "");
  EXPECT_EQ(Miss(R"({"absent":false})", "-"), "expected any value, found nothing");
}

TEST(MatcherTest, RegularExpressionsAreFoundAnywhereInTheText) {
  EXPECT_EQ(Miss(R"({"matches":"^v[0-9]+$"})", "\"v12\""), "");
  EXPECT_EQ(Miss(R"({"matches":"2"})", "123"), "");
  EXPECT_EQ(Miss(R"({"matches":"^v[0-9]+$"})", "\"v1.2\""),
            "expected a match of ^v[0-9]+$, found \"v1.2\"");
  EXPECT_NE(Miss(R"({"matches":""})", "{}"), "") << "a map is no text";
}

TEST(MatcherTest, AmountsCompareAsKubernetesQuantities) {
  EXPECT_EQ(Miss(R"({"atLeast":2,"atMost":3})", "2"), "");
  EXPECT_EQ(Miss(R"({"atLeast":2})", "1"), "expected at least 2, found 1");
  EXPECT_EQ(Miss(R"({"above":"500m"})", "\"1\""), "");
  EXPECT_EQ(Miss(R"({"below":"1Gi"})", "\"1024Mi\""), "expected below 1Gi, found \"1024Mi\"");
  EXPECT_EQ(Miss(R"({"equals":"1Gi"})", "\"1024Mi\""), "");
  EXPECT_EQ(Miss(R"({"equals":"2"})", "\"2000m\""), "");
  EXPECT_EQ(Miss(R"({"above":95.12345678901})", "95.12345678902"), "");
  EXPECT_EQ(Miss(R"({"atMost":1})", "\"much\""),
            "expected at most 1, found \"much\", which is no amount");
  EXPECT_EQ(Miss(R"({"atMost":1})", "true"), "expected at most 1, found true, which is no amount");
}

TEST(MatcherTest, ListsInAnyOrderGiveEachExpectationAnElementOfItsOwn) {
  const char* conditions =
      R"([{"type":"Ready","status":"True"},{"type":"Synced","status":"False"}])";
  EXPECT_EQ(Miss(R"({"has":[{"type":"Synced"},{"type":"Ready"}]})", conditions), "");
  EXPECT_EQ(Miss(R"({"has":[{"type":"Synced","status":"True"}]})", conditions),
            "expected an element {\"status\":\"True\",\"type\":\"Synced\"}, the nearest is [1]: "
            ".status: expected \"True\", found \"False\"");
  EXPECT_EQ(Miss(R"({"hasOnly":[{"type":"Synced"},{"type":"Ready"}]})", conditions), "");
  EXPECT_THAT(Miss(R"({"hasOnly":[{"type":"Ready"}]})", conditions),
              HasSubstr("expected only 1 elements, found 2"));
  EXPECT_EQ(Miss(R"({"has":[1,1]})", "[1,2]"), "expected an element 1, found [1,2]");
  // The first would take what only the second can use.
  EXPECT_EQ(Miss(R"({"has":[{"a":1},{"a":1,"b":2}]})", R"([{"a":1,"b":2},{"a":1}])"), "");
  EXPECT_EQ(Miss(R"({"has":[]})", "[]"), "");
  EXPECT_EQ(Miss(R"({"has":[1]})", "{}"), "expected a list, found {}");
}

TEST(MatcherTest, CountsElementsAndKeys) {
  EXPECT_EQ(Miss(R"({"count":2})", "[1,2]"), "");
  EXPECT_EQ(Miss(R"({"count":{"atLeast":3}})", "[1,2]"), "count: expected at least 3, found 2");
  EXPECT_EQ(Miss(R"({"count":0})", "{}"), "");
  EXPECT_EQ(Miss(R"({"count":1})", "5"), "expected a list or a map, found 5");
}

TEST(MatcherTest, AllRulesOfAFieldHaveToHold) {
  EXPECT_EQ(Miss(R"({"count":2,"has":[1]})", "[1,2]"), "");
  EXPECT_NE(Miss(R"({"count":2,"has":[3]})", "[1,2]"), "");
  EXPECT_NE(Miss(R"({"count":3,"has":[1]})", "[1,2]"), "");
}

TEST(MatcherTest, RefusesWhatIsNoRule) {
  EXPECT_THAT(ErrorOf(R"({"atleast":1})"), HasSubstr("did you mean \"atLeast\"?"));
  EXPECT_THAT(ErrorOf(R"({"atLeast":"much"})"), HasSubstr("needs a number or a quantity"));
  EXPECT_THAT(ErrorOf(R"({"matches":"("})"), HasSubstr("missing"));
  EXPECT_THAT(ErrorOf(R"({"matches":1})"), HasSubstr("needs a regular expression"));
  EXPECT_THAT(ErrorOf(R"({"has":{}})"), HasSubstr("needs a list"));
  EXPECT_THAT(ErrorOf(R"({"absent":"yes"})"), HasSubstr("true or false"));
  EXPECT_THAT(ErrorOf(R"({"count":{"atleast":1}})"), HasSubstr("count: unknown rule"));
  EXPECT_THAT(ErrorOf("{}"), HasSubstr("no rule"));
}

}  // namespace
}  // namespace expect
