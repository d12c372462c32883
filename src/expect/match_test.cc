#include "expect/match.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "expect/lines.h"

namespace expect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Json J(std::string_view text) {
  return *value::ParseJson(text);
}

// Every mismatch as a line; the quick answer must agree with the long one.
std::vector<std::string> Lines(std::string_view expected, std::string_view actual) {
  std::vector<std::string> lines;
  for (const Mismatch& mismatch : Match(J(expected), J(actual))) {
    lines.push_back(FormatMismatch(mismatch, J(expected), nullptr));
  }
  EXPECT_EQ(Matches(J(expected), J(actual)), lines.empty()) << expected << " " << actual;
  return lines;
}

bool Same(std::string_view expected, std::string_view actual) {
  return Lines(expected, actual).empty();
}

TEST(MatchTest, AllowsMoreKeysThanExpected) {
  EXPECT_TRUE(Same(R"({"a":1})", R"({"a":1,"b":2})"));
  EXPECT_TRUE(Same(R"({"a":{"b":"c"}})", R"({"a":{"b":"c","d":[1]},"e":null})"));
  EXPECT_FALSE(Same(R"({"a":1,"b":2})", R"({"a":1})"));
}

TEST(MatchTest, ComparesListsByLengthAndOrder) {
  EXPECT_TRUE(Same("[1,2]", "[1,2]"));
  EXPECT_FALSE(Same("[1,2]", "[2,1]"));
  EXPECT_FALSE(Same("[1]", "[1,2]"));
  EXPECT_FALSE(Same("[1,2]", "[1]"));
  EXPECT_TRUE(Same(R"([{"a":1},{"b":2}])", R"([{"a":1,"x":0},{"b":2,"y":0}])"));
}

TEST(MatchTest, TakesAnEmptyMapForAnyMapAndAnEmptyListForAnEmptyListOnly) {
  EXPECT_TRUE(Same(R"({"a":{}})", R"({"a":{"b":1}})"));
  EXPECT_TRUE(Same(R"({"a":{}})", R"({"a":{}})"));
  EXPECT_FALSE(Same(R"({"a":{}})", R"({})"));
  EXPECT_FALSE(Same(R"({"a":{}})", R"({"a":"b"})"));
  EXPECT_FALSE(Same(R"({"a":{}})", R"({"a":null})"));
  EXPECT_TRUE(Same(R"({"a":[]})", R"({"a":[]})"));
  EXPECT_FALSE(Same(R"({"a":[]})", R"({"a":[1]})"));
  EXPECT_FALSE(Same(R"({"a":[]})", R"({})"));
}

TEST(MatchTest, TakesNullForANullThatIsThere) {
  EXPECT_TRUE(Same(R"({"a":null})", R"({"a":null})"));
  EXPECT_FALSE(Same(R"({"a":null})", R"({})"));
  EXPECT_FALSE(Same(R"({"a":null})", R"({"a":1})"));
}

TEST(MatchTest, ConvertsNoTypes) {
  EXPECT_FALSE(Same(R"({"a":"1"})", R"({"a":1})"));
  EXPECT_FALSE(Same(R"({"a":1})", R"({"a":"1"})"));
  EXPECT_FALSE(Same(R"({"a":true})", R"({"a":"true"})"));
  EXPECT_FALSE(Same(R"({"a":1})", R"({"a":true})"));
  EXPECT_FALSE(Same(R"({"a":[1]})", R"({"a":{"0":1}})"));
  EXPECT_FALSE(Same(R"({"cpu":"1000m"})", R"({"cpu":"1"})"));
}

TEST(MatchTest, ComparesNumbersByValue) {
  EXPECT_TRUE(Same("[1, 1.5, 1.0]", "[1, 1.5, 1]"));
  EXPECT_FALSE(Same("1", "1.5"));
}

TEST(MatchTest, FindsAllMismatchesInAStableOrderWithIndexes) {
  EXPECT_THAT(
      Lines(R"({"spec":{"replicas":3,"list":[{"n":1},{"n":2}],"name":"a"},"gone":{"x":[1]}})",
            R"({"spec":{"replicas":2,"list":[{"n":1},{"n":9}],"name":4,"more":[]}})"),
      ElementsAre(R"(.gone: expected {"x":[1]}, found nothing)",
                  ".spec.list[1].n: expected 2, found 9",
                  R"(.spec.name: expected "a" (a string), found 4 (a number))",
                  ".spec.replicas: expected 3, found 2"));
}

TEST(MatchTest, NamesAKeyThatMayBeMeant) {
  EXPECT_THAT(
      Lines(R"({"status":{"readyReplica":3}})", R"({"status":{"readyReplicas":3}})"),
      ElementsAre(
          ".status.readyReplica: expected 3, found nothing (did you mean \"readyReplicas\"?)"));
  EXPECT_THAT(Lines(R"({"a1":1,"a2":1})", R"({"a1":1})"),
              ElementsAre(".a2: expected 1, found nothing"));
}

TEST(MatchTest, SaysHowLongListsAre) {
  EXPECT_THAT(Lines(R"({"args":["a"]})", R"({"args":["a","b"]})"),
              ElementsAre(R"(.args: expected a list of 1, found 2: ["a","b"])"));
}

TEST(MatchTest, ShowsLongTextsWhereTheyDiffer) {
  const std::string same(500, 'x');
  const auto lines = Lines("{\"a\":\"" + same + " expected\"}", "{\"a\":\"" + same + " found\"}");

  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("xxx expected\", found ...xxx"));
  EXPECT_THAT(lines[0], HasSubstr("xxx found\""));
  EXPECT_LT(lines[0].size(), 200U);
}

TEST(MatchTest, CutsLongValuesBetweenCharacters) {
  std::string euros;
  for (int i = 0; i < 100; ++i) euros += "\xE2\x82\xAC";

  const std::string line = Lines("{\"a\":\"" + euros + "\"}", R"({"a":1})")[0];

  EXPECT_THAT(line, HasSubstr("\xE2\x82\xAC... (a string)"));
  EXPECT_THAT(line, Not(HasSubstr("\xEF\xBF\xBD")));
}

TEST(NearestTest, TakesTheCandidateWithTheFewestMismatches) {
  const Json expected = J(R"({"kind":"Pod","status":{"phase":"Running","ready":true}})");

  EXPECT_EQ(Nearest(expected, std::vector<Json>{J(R"({"kind":"Pod"})"),
                                                J(R"({"kind":"Pod","status":{"phase":"Pending",
                                                    "ready":true}})"),
                                                J(R"({"kind":"Pod","status":{}})")}),
            1U);
  EXPECT_EQ(Nearest(expected, std::vector<Json>{}), std::nullopt);
}

TEST(NearestTest, CountsAMissingMapForAllThatShouldBeInIt) {
  const Json expected = J(R"({"status":{"a":1,"b":2,"c":3},"spec":1})");

  EXPECT_EQ(Nearest(expected, std::vector<Json>{J(R"({"spec":1})"),
                                                J(R"({"spec":1,"status":{"a":1,"b":0,"c":0}})")}),
            1U);
}

TEST(NearestTest, PrefersTheMoreSimilarNameThenTheFirst) {
  const Json expected = J(R"({"metadata":{"name":"web-1"}})");
  const std::vector<Json> candidates = {J(R"({"metadata":{"name":"db"}})"),
                                        J(R"({"metadata":{"name":"web-2"}})"),
                                        J(R"({"metadata":{"name":"web-3"}})")};

  EXPECT_EQ(Nearest(expected, candidates), 1U);
}

TEST(ExplainTest, SaysWhereWhatAndShowsTheAssertedPart) {
  const auto parsed = value::ParseYaml(R"(# the deployment
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - image: web:2
        name: web
status:
  readyReplicas: 3
)",
                                       "web.yaml");
  const Json actual = J(R"({"apiVersion":"apps/v1","kind":"Deployment",
      "metadata":{"name":"web","namespace":"shop","uid":"u","resourceVersion":"7"},
      "spec":{"replicas":3,"template":{"spec":{"containers":[
          {"name":"web","image":"web:1","env":[{"name":"A"}]}]}}},
      "status":{"replicas":3}})");

  EXPECT_EQ(Explain(parsed.documents[0], actual),
            R"(web.yaml:10: .spec.template.spec.containers[0].image: expected "web:2", found "web:1"
web.yaml:13: .status.readyReplicas: expected 3, found nothing
--- expected (web.yaml:2)
+++ found (Deployment shop/web)
@@ -6,7 +6,6 @@
   template:
     spec:
       containers:
-      - image: web:2
+      - image: web:1
         name: web
-status:
-  readyReplicas: 3
+status: {}
)");
}

TEST(ExplainTest, SaysNothingOfAMatch) {
  EXPECT_EQ(Explain(J("{}"), J(R"({"a":1})"), nullptr, "a", "b"), "");
  EXPECT_EQ(Diff(J(R"({"a":1})"), J(R"({"a":1,"b":2})"), "a", "b"), "");
}

TEST(ExplainTest, GivesThePlaceOfTheParentForFieldsThatWereFilledIn) {
  const auto parsed = value::ParseYaml("kind: Pod\nmetadata:\n  name: a\n", "a.yaml");

  EXPECT_EQ(PlacesIn(parsed.documents[0])({"metadata", "namespace"}), "a.yaml:2");
}

TEST(DiffTest, ShowsElementsThatWereNotExpectedByTheFieldsOfTheOthers) {
  const std::string diff =
      Diff(J(R"({"c":[{"name":"a"}]})"),
           J(R"({"c":[{"name":"a"},{"name":"b","image":"x","env":[]}]})"), "expected", "found");

  EXPECT_THAT(diff, HasSubstr("+- name: b\n"));
  EXPECT_THAT(diff, Not(HasSubstr("image")));
}

TEST(DiffTest, ShortensWhatWasNotExpected) {
  Json large = Json::array();
  for (int i = 0; i < 50; ++i) large.push_back(i);

  const std::string diff = Diff(J(R"({"a":"x"})"), Json{{"a", large}}, "expected", "found");

  EXPECT_THAT(diff, HasSubstr("[... 50 lines ...]"));
}

TEST(UnifiedDiffTest, KeepsThreeLinesOfContextAndCountsThem) {
  EXPECT_EQ(UnifiedDiff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n", "a", "b"),
            "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(UnifiedDiffTest, SplitsHunksThatAreFarApart) {
  std::string before;
  for (int i = 0; i < 20; ++i) before += fmt::format("{}\n", i);
  const std::string after = "x\n" + before + "y\n";

  EXPECT_EQ(
      UnifiedDiff(before, after, "a", "b"),
      "--- a\n+++ b\n@@ -1,3 +1,4 @@\n+x\n 0\n 1\n 2\n@@ -18,3 +19,4 @@\n 17\n 18\n 19\n+y\n");
}

TEST(UnifiedDiffTest, HandlesEmptyTexts) {
  EXPECT_EQ(UnifiedDiff("", "", "a", "b"), "");
  EXPECT_EQ(UnifiedDiff("", "x\n", "a", "b"), "--- a\n+++ b\n@@ -0,0 +1,1 @@\n+x\n");
  EXPECT_EQ(UnifiedDiff("x\n", "", "a", "b"), "--- a\n+++ b\n@@ -1,1 +0,0 @@\n-x\n");
}

TEST(UnifiedDiffTest, StopsAfterManyLinesAndSaysHowManyThereWere) {
  std::string before;
  std::string after;
  for (int i = 0; i < 5000; ++i) {
    before += fmt::format("a{}\n", i);
    after += fmt::format("b{}\n", i);
  }

  const std::string diff = UnifiedDiff(before, after, "a", "b");

  EXPECT_THAT(diff, HasSubstr("... 9920 more lines\n"));
  EXPECT_THAT(diff, StartsWith("--- a\n+++ b\n@@ -1,5000 +1,5000 @@\n-a0\n"));
}

TEST(NameOfTest, NamesObjects) {
  EXPECT_EQ(NameOf(J(R"({"kind":"Pod","metadata":{"name":"a","namespace":"b"}})")), "Pod b/a");
  EXPECT_EQ(NameOf(J(R"({"kind":"Node","metadata":{"name":"a"}})")), "Node a");
  EXPECT_EQ(NameOf(J(R"({"kind":"Pod","metadata":{"namespace":"b"}})")), "Pod in b (no name)");
  EXPECT_EQ(NameOf(J("{}")), "object (no name)");
}

}  // namespace
}  // namespace expect
