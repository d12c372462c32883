#include "vmafx/api/quantity.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace vmafx::api {
namespace {

TEST(QuantityTest, ReadsSizesAsKubernetesDoes) {
  EXPECT_EQ(*ReadBytes("0"), 0);
  EXPECT_EQ(*ReadBytes("4096"), 4096);
  EXPECT_EQ(*ReadBytes("2Gi"), int64_t{2} << 30);
  EXPECT_EQ(*ReadBytes("1Ki"), 1024);
  EXPECT_EQ(*ReadBytes("500M"), 500'000'000);
  EXPECT_EQ(*ReadBytes("1k"), 1000);
  EXPECT_EQ(*ReadBytes("1.5Gi"), int64_t{3} << 29);
  EXPECT_EQ(*ReadBytes("0.5"), 0);
  EXPECT_EQ(*ReadBytes("7Ei"), int64_t{7} << 60);
}

TEST(QuantityTest, RefusesWhatIsNoSize) {
  for (const char* text : {"", "Gi", "2gi", "2GB", "2K", "2ki", "-1", "1.", ".5", "1.2.3", "1e3",
                           "100m", "8Ei", "99999999999999999999", "2 Gi", "0x10"}) {
    EXPECT_TRUE(ReadBytes(text).Is(base::Code::kInvalid)) << text;
  }
  EXPECT_EQ(ReadBytes("2GB").error().message(), "\"2GB\" is not a size: write 2Gi or 500M, say");
}

TEST(QuantityTest, TakesNoHarmFromAnyText) {
  std::mt19937 random(5);
  const std::string pieces = "0159.KMGTPEikm- \xff";
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (auto left = random() % 24; left > 0; --left) text += pieces[random() % pieces.size()];

    auto bytes = ReadBytes(text);

    EXPECT_TRUE(bytes.ok() ? *bytes >= 0 : bytes.Is(base::Code::kInvalid)) << text;
  }
}

}  // namespace
}  // namespace vmafx::api
