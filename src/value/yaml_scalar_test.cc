#include "value/yaml_scalar.h"

#include <cmath>

#include <gtest/gtest.h>

namespace value {
namespace {

// The expectations of this file were checked against sigs.k8s.io/yaml 1.6.0.
std::string Resolved(std::string_view text, std::string_view tag = "") {
  const auto json = ResolveScalar(tag, text);
  return json ? json->dump() : json.error().message();
}

TEST(YamlScalarTest, ReadsTheBooleansOfYaml11InThreeCasings) {
  for (const char* text : {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"}) {
    EXPECT_EQ(Resolved(text), "true") << text;
  }
  for (const char* text : {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"}) {
    EXPECT_EQ(Resolved(text), "false") << text;
  }
  for (const char* text : {"yEs", "tRUE", "oN", "truE"}) {
    EXPECT_EQ(Resolved(text), '"' + std::string(text) + '"');
  }
}

TEST(YamlScalarTest, ReadsSingleLettersAsBooleansAsKubernetesDoes) {
  EXPECT_EQ(Resolved("y"), "true");
  EXPECT_EQ(Resolved("N"), "false");
  EXPECT_TRUE(IsLetterBool("y"));
  EXPECT_FALSE(IsLetterBool("yes"));
}

TEST(YamlScalarTest, ReadsNull) {
  for (const char* text : {"", "~", "null", "Null", "NULL"}) EXPECT_EQ(Resolved(text), "null");
  EXPECT_EQ(Resolved("nULL"), "\"nULL\"");
}

TEST(YamlScalarTest, ReadsIntegersInAllBases) {
  EXPECT_EQ(Resolved("420"), "420");
  EXPECT_EQ(Resolved("+1"), "1");
  EXPECT_EQ(Resolved("-0"), "0");
  EXPECT_EQ(Resolved("0644"), "420");
  EXPECT_EQ(Resolved("0o644"), "420");
  EXPECT_EQ(Resolved("0x1F"), "31");
  EXPECT_EQ(Resolved("+0X1f"), "31");
  EXPECT_EQ(Resolved("-0b101"), "-5");
  EXPECT_EQ(Resolved("1_000"), "1000");
  EXPECT_EQ(Resolved("9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(Resolved("-9223372036854775808"), "-9223372036854775808");
}

TEST(YamlScalarTest, MakesIntegersBeyondInt64Doubles) {
  EXPECT_EQ(Resolved("9223372036854775808"), "9.223372036854776e+18");
  EXPECT_EQ(Resolved("123456789012345678901234567890"), "1.2345678901234568e+29");
}

TEST(YamlScalarTest, ReadsFloats) {
  EXPECT_EQ(Resolved("1.5"), "1.5");
  EXPECT_EQ(Resolved(".5"), "0.5");
  EXPECT_EQ(Resolved("-.5e-3"), "-0.0005");
  EXPECT_EQ(Resolved("5."), "5.0");
  EXPECT_EQ(Resolved("1e3"), "1000.0");
  EXPECT_EQ(Resolved("019"), "19.0");  // not octal, so a float
  EXPECT_EQ(Resolved("1_000.5"), "1000.5");
  EXPECT_EQ(Resolved("1e-999"), "0.0");
  EXPECT_EQ(ResolveScalar("", ".inf")->get<double>(), HUGE_VAL);
  EXPECT_EQ(ResolveScalar("", "-.Inf")->get<double>(), -HUGE_VAL);
  EXPECT_TRUE(std::isnan(ResolveScalar("", ".NaN")->get<double>()));
}

TEST(YamlScalarTest, LeavesWhatOnlyLooksLikeANumberAString) {
  for (const char* text : {"1e", "0x", "0b", "0o8", "0b12", "1.2.3", "12:30:45", "2026-01-01", "_1",
                           "._5", ".", "-", "+", "--1", "1e400", "0x1FFFFFFFFFFFFFFFFF", "100m"}) {
    EXPECT_EQ(Resolved(text), '"' + std::string(text) + '"');
  }
}

TEST(YamlScalarTest, ObeysTags) {
  EXPECT_EQ(Resolved("3", "!!str"), "\"3\"");
  EXPECT_EQ(Resolved("3", "!!int"), "3");
  EXPECT_EQ(Resolved("3", "!!float"), "3.0");
  EXPECT_EQ(Resolved("aGVsbG8=", "!!binary"), "\"hello\"");
  EXPECT_EQ(Resolved("3", "!mine"), "\"3\"");
}

TEST(YamlScalarTest, RefusesTextThatDoesNotFitItsTag) {
  EXPECT_EQ(Resolved("x", "!!int"), "\"x\" is not a value of type int");
  EXPECT_EQ(Resolved("1", "!!bool"), "\"1\" is not a value of type bool");
  EXPECT_EQ(Resolved("a", "!!binary"), "!!binary value is not base64");
  EXPECT_EQ(Resolved("=aaa", "!!binary"), "!!binary value is not base64");
}

TEST(YamlScalarTest, MakesKeysText) {
  const auto key = [](Json json) { return KeyText(json).ValueOr("error"); };

  EXPECT_EQ(key("a"), "a");
  EXPECT_EQ(key(true), "true");
  EXPECT_EQ(key(-7), "-7");
  EXPECT_EQ(key(2.5), "2.5");
  EXPECT_EQ(key(100000.0), "100000");
  EXPECT_EQ(key(1000000.0), "1e+06");
  EXPECT_EQ(key(1234567.5), "1.2345675e+06");
  EXPECT_EQ(key(0.00001), "1e-05");
  EXPECT_EQ(key(nullptr), "error");
}

}  // namespace
}  // namespace value
