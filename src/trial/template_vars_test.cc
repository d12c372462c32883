#include "trial/template_vars.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trial {
namespace {

using Vars = std::map<std::string, std::string>;

TEST(TemplateVarsTest, OnePairIsTakenAsItIs) {
  EXPECT_EQ(*ParseTemplateVars({}), Vars{});
  EXPECT_EQ(*ParseTemplateVars({"a=1", "b=[1,2]", "c=", "\"d=x\""}),
            (Vars{{"a", "1"}, {"b", "[1,2]"}, {"c", ""}, {"d", "x"}}));
  EXPECT_EQ(*ParseTemplateVars({"a=1", "a=2"}), (Vars{{"a", "2"}}));
}

TEST(TemplateVarsTest, SeveralPairsAreCsv) {
  EXPECT_EQ(*ParseTemplateVars({"a=1,b=2"}), (Vars{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(*ParseTemplateVars({"\"a=1,5\",\"b=say \"\"x\"\"\""}),
            (Vars{{"a", "1,5"}, {"b", "say \"x\""}}));
  EXPECT_EQ(*ParseTemplateVars({"a=b=c"}), (Vars{{"a", "b=c"}}));
}

TEST(TemplateVarsTest, WhatIsNoPairIsAnError) {
  for (const char* bad : {"a", "", "a=1,b,c=2", "a=1,b=\"2\"", "a=1,\"b=2", "a=1,\"b=2\"x"})
    EXPECT_TRUE(ParseTemplateVars({bad}).Is(base::Code::kInvalid)) << bad;
}

}  // namespace
}  // namespace trial
