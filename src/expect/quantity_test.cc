#include "expect/quantity.h"

#include <gtest/gtest.h>

namespace expect {
namespace {

Quantity Q(std::string_view text) {
  const auto quantity = Quantity::Parse(text);
  EXPECT_TRUE(quantity.has_value()) << text;
  return *quantity;
}

TEST(QuantityTest, OneAmountMayBeWrittenInManyWays) {
  EXPECT_EQ(Q("1"), Q("1000m"));
  EXPECT_EQ(Q("1.5"), Q("1500m"));
  EXPECT_EQ(Q("1Ki"), Q("1024"));
  EXPECT_EQ(Q("1.5Gi"), Q("1536Mi"));
  EXPECT_EQ(Q("2e3"), Q("2k"));
  EXPECT_EQ(Q("2E3"), Q("2000"));
  EXPECT_EQ(Q("1E"), Q("1e18"));
  EXPECT_EQ(Q("-0"), Q("0"));
  EXPECT_EQ(Q(".5"), Q("500m"));
  EXPECT_EQ(Q("5."), Q("+5"));
  EXPECT_EQ(Q("1u"), Q("1000n"));
}

TEST(QuantityTest, ComparesByAmountAndNotByText) {
  EXPECT_LT(Q("999m"), Q("1"));
  EXPECT_LT(Q("1G"), Q("1Gi"));
  EXPECT_LT(Q("-1"), Q("1m"));
  EXPECT_GT(Q("10"), Q("9"));
  EXPECT_LT(Q("0.1"), Q("0.100000001"));
}

TEST(QuantityTest, RoundsUpBelowNanoAndCutsAboveTheLargest) {
  EXPECT_EQ(Q("0.1n"), Q("1n"));
  EXPECT_EQ(Q("-0.1n"), Q("-1n"));
  EXPECT_EQ(Q("1e400"), Q("9223372036854775807"));
  EXPECT_EQ(Q("100E"), Q("9223372036854775807"));
  EXPECT_EQ(Q("0e400"), Q("0"));
  EXPECT_EQ(Q("1e-400"), Q("1n"));
  EXPECT_EQ(Q("12345678901234567890123456789"), Q("9223372036854775807"));
}

TEST(QuantityTest, RefusesWhatIsNotAQuantity) {
  for (const char* text : {"", "-", ".", "Gi", "1 Gi", "1gi", "1K", "1.2.3", "1e", "1ex", "0x10",
                           "1Gii", "ten", "1m2", "1 "})
    EXPECT_FALSE(Quantity::Parse(text).has_value()) << text;
}

}  // namespace
}  // namespace expect
