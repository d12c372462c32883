#include "expect/field_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace expect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Json& Pod() {
  static const Json pod = *value::ParseJson(R"({
    "metadata": {"labels": {"app.kubernetes.io/name": "web", "odd]key": "x"}},
    "spec": {"containers": [{"name": "app", "image": "a:1", "ports": [{"containerPort": 80}]},
                            {"name": "side", "image": "b:2"}]},
    "status": {"conditions": [], "ready": true}})");
  return pod;
}

// The values as JSON text, "-" and the reason where there is none.
std::vector<std::string> Values(std::string_view text) {
  std::vector<std::string> values;
  const auto path = FieldPath::Parse(text);
  EXPECT_TRUE(path.ok()) << text;
  for (const auto& found : path->Select(Pod()))
    values.push_back(found.value == nullptr ? "- " + found.missing : found.value->dump());
  return values;
}

TEST(FieldPathTest, LeadsToKeysIndexesAndElementsByKey) {
  EXPECT_THAT(Values(".status.ready"), ElementsAre("true"));
  EXPECT_THAT(Values("status.ready"), ElementsAre("true"));
  EXPECT_THAT(Values(".spec.containers[1].image"), ElementsAre("\"b:2\""));
  EXPECT_THAT(Values(".spec.containers[-1].name"), ElementsAre("\"side\""));
  EXPECT_THAT(Values(".spec.containers[name=app].image"), ElementsAre("\"a:1\""));
  EXPECT_THAT(Values(".spec.containers[name=\"side\"].image"), ElementsAre("\"b:2\""));
  EXPECT_THAT(Values(".spec.containers[0].ports[containerPort=80]"),
              ElementsAre("{\"containerPort\":80}"));
  EXPECT_THAT(Values(".spec.containers[*].name"), ElementsAre("\"app\"", "\"side\""));
  EXPECT_THAT(Values(".metadata.labels[\"app.kubernetes.io/name\"]"), ElementsAre("\"web\""));
  EXPECT_THAT(Values(".metadata.labels['odd]key']"), ElementsAre("\"x\""));
}

TEST(FieldPathTest, SaysWhatIsNotThere) {
  EXPECT_THAT(Values(".status.phase"), ElementsAre("- no phase"));
  EXPECT_THAT(Values(".status.phase.deeper"), ElementsAre("- no phase"));
  EXPECT_THAT(Values(".spec.containers[2].name"), ElementsAre("- no element 2 in a list of 2"));
  EXPECT_THAT(Values(".spec.containers[name=db].image"), ElementsAre("- no element with name=db"));
  EXPECT_THAT(Values(".status.conditions[*].type"), ElementsAre("- no element"));
  EXPECT_THAT(Values(".status.ready[*]"), ElementsAre("- no list"));
  EXPECT_THAT(Values(".spec.containers[*].ports"),
              ElementsAre("[{\"containerPort\":80}]", "- no ports"));
}

TEST(FieldPathTest, TellsWhereItWent) {
  const auto found = FieldPath::Parse(".spec.containers[name=side].image")->Select(Pod());
  EXPECT_THAT(found.at(0).path, ElementsAre("spec", "containers", "1", "image"));
}

TEST(FieldPathTest, RefusesBrokenPathsAndSaysWhere) {
  const auto error = [](std::string_view text) {
    const auto path = FieldPath::Parse(text);
    EXPECT_FALSE(path.ok()) << text;
    return path.ok() ? "" : path.error().message();
  };
  EXPECT_THAT(error(""), HasSubstr("empty"));
  EXPECT_THAT(error(".a..b"), HasSubstr("expected a key at character 4"));
  EXPECT_THAT(error(".a["), HasSubstr("does not end"));
  EXPECT_THAT(error(".a[name=x"), HasSubstr("expected ]"));
  EXPECT_THAT(error(".a[\"b]"), HasSubstr("the quote does not end"));
  EXPECT_THAT(error(".a[b]"), HasSubstr("expected a number"));
  EXPECT_THAT(error(".a[=b]"), HasSubstr("expected a key before ="));
  EXPECT_THAT(error(".a[0]b"), HasSubstr("expected . or ["));
}

TEST(FieldPathTest, GivesItsKeysWithoutTheElementsOfLists) {
  const auto path = FieldPath::Parse(".spec.containers[name=app].env[0][\"a.b\"][*]");
  ASSERT_TRUE(path.ok());
  EXPECT_EQ(path->Keys(),
            (std::vector<std::string>{"spec", "containers", "", "env", "", "a.b", ""}));
}

}  // namespace
}  // namespace expect
