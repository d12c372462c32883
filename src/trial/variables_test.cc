#include "trial/variables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trial {
namespace {

using ::testing::HasSubstr;
using value::Json;

Json J(std::string_view text) {
  return *value::ParseJson(text);
}

const Variables kKnown = {
    {"NAME", "web"}, {"COUNT", 3}, {"LABELS", Json::object({{"app", "web"}})}, {"ODD", "a${NAME}"}};

std::string Expand(std::string_view text) {
  Json json = J(text);
  const auto expanded = ExpandIn(json, kKnown);
  return expanded.ok() ? json.dump() : expanded.error().message();
}

TEST(VariablesTest, ATextOfOneVariableTakesItsTypeAndOthersTakeItsText) {
  EXPECT_EQ(Expand(R"("${NAME}")"), "\"web\"");
  EXPECT_EQ(Expand(R"("${COUNT}")"), "3");
  EXPECT_EQ(Expand(R"("${LABELS}")"), "{\"app\":\"web\"}");
  EXPECT_EQ(Expand(R"("a-${NAME}-${COUNT}")"), "\"a-web-3\"");
  EXPECT_EQ(Expand(R"({"a":["${COUNT}",{"b":"${NAME}."}],"${NAME}":1})"),
            R"({"${NAME}":1,"a":[3,{"b":"web."}]})");
}

TEST(VariablesTest, WhatIsNoVariableStays) {
  EXPECT_EQ(Expand(R"("$NAME $(NAME) $ {NAME} 5$")"), R"("$NAME $(NAME) $ {NAME} 5$")");
  EXPECT_EQ(Expand(R"("$${NAME} ${NAME}")"), R"("${NAME} web")");
  EXPECT_EQ(Expand(R"("${ODD}!")"), R"("a${NAME}!")") << "values are not expanded again";
}

TEST(VariablesTest, AnUnknownNameIsAnErrorWithAGuess) {
  EXPECT_THAT(Expand(R"("${NAMES}")"), HasSubstr("did you mean \"NAME\"?"));
  EXPECT_THAT(Expand(R"("${HOME}")"), HasSubstr("write $${HOME}"));
  EXPECT_THAT(Expand(R"("${NAME")"), HasSubstr("does not end"));
}

}  // namespace
}  // namespace trial
