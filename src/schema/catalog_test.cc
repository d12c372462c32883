#include "schema/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/bundle.h"

namespace schema {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Known = Catalog::Answer::Known;

Json Document(const std::string& group, const std::string& kind, const std::string& field) {
  const Json kinds = Json::array({{{"group", group}, {"version", "v1"}, {"kind", kind}}});
  Json list = Json::array({{{"group", group}, {"version", "v1"}, {"kind", kind + "List"}}});
  Json document;
  Json& schemas = document["components"]["schemas"];
  schemas["io.k8s.api." + kind] = {{"type", "object"},
                                   {"properties", {{field, {{"type", "string"}}}}},
                                   {"x-kubernetes-group-version-kind", kinds}};
  schemas["io.k8s.api." + kind + "List"] = {{"x-kubernetes-group-version-kind", list}};
  return document;
}

Json Definition(const std::string& version, const std::string& field) {
  Json one = {{"name", version}, {"served", true}};
  one["schema"]["openAPIV3Schema"] = {{"type", "object"},
                                      {"properties", {{field, {{"type", "string"}}}}}};
  return {
      {"spec",
       {{"group", "sea.dev"}, {"names", {{"kind", "Ship"}}}, {"versions", Json::array({one})}}}};
}

TEST(CatalogTest, FindsTheKindsOfADocument) {
  Catalog catalog;
  catalog.AddDocument("apps/v1", Document("apps", "Deployment", "a"));
  const auto found = catalog.Find("apps/v1", "Deployment");
  ASSERT_EQ(found.known, Known::kKind);
  EXPECT_FALSE(found.schema.custom);
  const Json bad = {{"b", "x"}};
  EXPECT_EQ(Check(found.schema, bad, Extent::kWhole).size(), 1u);
}

TEST(CatalogTest, NamesWhatThereIsInsteadOfAnUnknownKindOrVersion) {
  Catalog catalog;
  catalog.AddGroupVersions({"v1", "apps/v1", "batch/v1"});
  catalog.AddDocument("apps/v1", Document("apps", "Deployment", "a"));

  const auto kind = catalog.Find("apps/v1", "Deploymnet");
  EXPECT_EQ(kind.known, Known::kNoKind);
  EXPECT_THAT(kind.others, ElementsAre("Deployment"));
  const auto version = catalog.Find("apps/v1beta1", "Deployment");
  EXPECT_EQ(version.known, Known::kNoVersion);
  EXPECT_THAT(version.others, ElementsAre("apps/v1"));
  EXPECT_EQ(catalog.Find("batch/v1", "Job").known, Known::kNothing);
  EXPECT_EQ(catalog.Find("sea.dev/v1", "Ship").known, Known::kNothing);
}

TEST(CatalogTest, ADefinitionTakesThePlaceOfWhatWasKnown) {
  Catalog catalog;
  catalog.AddDocument("sea.dev/v1", Document("sea.dev", "Ship", "old"));
  ASSERT_TRUE(catalog.AddDefinition(Definition("v1", "new")).ok());
  const auto found = catalog.Find("sea.dev/v1", "Ship");
  ASSERT_EQ(found.known, Known::kKind);
  EXPECT_TRUE(found.schema.custom);
  const Json object = {{"new", "x"}};
  EXPECT_TRUE(Check(found.schema, object, Extent::kWhole).empty());

  catalog.AddDocument("sea.dev/v1", Document("sea.dev", "Ship", "old"));
  EXPECT_TRUE(catalog.Find("sea.dev/v1", "Ship").schema.custom) << "in whatever order they come";
  const auto version = catalog.Find("sea.dev/v2", "Ship");
  EXPECT_EQ(version.known, Known::kNoVersion);
  EXPECT_THAT(version.others, ElementsAre("v1"));
}

TEST(CatalogTest, AGroupOfWhichOnlySomeDefinitionsAreHereMayHaveMoreKinds) {
  Catalog catalog;
  ASSERT_TRUE(catalog.AddDefinition(Definition("v1", "new")).ok());
  const auto other = catalog.Find("sea.dev/v1", "Boat");
  EXPECT_EQ(other.known, Known::kNothing);
  EXPECT_THAT(other.others, ElementsAre("Ship"));
  EXPECT_EQ(catalog.Find("sea.dev/v2", "Boat").known, Known::kNothing);
}

TEST(CatalogTest, RefusesADefinitionWithoutWhatMakesOne) {
  Catalog catalog;
  for (const Json& bad : {Json(), Json(7), Json{{"spec", {{"group", "a"}}}}})
    EXPECT_FALSE(catalog.AddDefinition(bad).ok()) << bad;
}

TEST(CatalogTest, SurvivesMalformedDocuments) {
  Catalog catalog;
  catalog.AddDocument("a/v1", Json::array());
  catalog.AddDocument("b/v1", {{"components", {{"schemas", {{"x", 7}, {"y", Json::array()}}}}}});
  EXPECT_EQ(catalog.Find("b/v1", "x").known, Known::kNoKind);
}

TEST(BundleTest, ReadsOnlyTheDocumentsThatAreWanted) {
  const std::string text = "{\"kubernetes\":\"v1.2.3\"}\napps/v1\t" +
                           Document("apps", "Deployment", "a").dump() + "\nbatch/v1\tnot read\n";
  Catalog catalog;
  const auto release = AddBundle(
      text, [](const std::string& one) { return one == "apps/v1"; }, catalog);
  ASSERT_TRUE(release.ok());
  EXPECT_EQ(*release, "v1.2.3");
  EXPECT_EQ(catalog.Find("apps/v1", "Deployment").known, Known::kKind);
  EXPECT_EQ(catalog.Find("batch/v1", "Job").known, Known::kNothing);
  EXPECT_EQ(catalog.Find("batch/v1beta1", "CronJob").known, Known::kNothing);
  EXPECT_EQ(catalog.Find("apps/v2", "Deployment").known, Known::kNoVersion);
}

TEST(BundleTest, RefusesWhatIsNoBundle) {
  Catalog catalog;
  const auto all = [](const std::string&) { return true; };
  for (const char* text : {"", "{}", "{}\n", "x\n", "{\"kubernetes\":\"v1\"}\nno tab\n",
                           "{\"kubernetes\":\"v1\"}\nv1\t{broken\n"})
    EXPECT_FALSE(AddBundle(text, all, catalog).ok()) << text;
}

}  // namespace
}  // namespace schema
