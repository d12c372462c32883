#include "vmafx/trainer/predict_request.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmafx::trainer {
namespace {

using base::Code;
using testing::ElementsAre;

TEST(PredictRequestTest, ReadsRowsOfNumbers) {
  const auto rows = ReadPredictRequest(R"({"features": [[1, 2.5], [-3e2, 0]], "more": 1})", 2);

  ASSERT_TRUE(rows.ok()) << rows.error().message();
  EXPECT_THAT(*rows, ElementsAre(ElementsAre(1, 2.5), ElementsAre(-300, 0)));
  EXPECT_TRUE(ReadPredictRequest(R"({"features": []})", 2)->empty());
}

TEST(PredictRequestTest, SaysWhichRowIsWrong) {
  EXPECT_EQ(ReadPredictRequest(R"({"features": [[1, 2], [1]]})", 2).error().message(),
            "features[1]: want a list of 2 numbers");
  EXPECT_EQ(ReadPredictRequest(R"({"features": [[1, null]]})", 2).error().message(),
            "features[0]: want finite numbers");
}

TEST(PredictRequestTest, RefusesWhatIsNone) {
  std::string many = R"({"features": [)";
  for (int i = 0; i < 1001; ++i) many += i == 0 ? "[1]" : ",[1]";
  for (const std::string& body :
       {std::string(), std::string("{"), std::string("[]"), std::string(R"({"features": {}})"),
        std::string(R"({"features": [[1e999]]})"), many + "]}"}) {
    EXPECT_TRUE(ReadPredictRequest(body, 1).Is(Code::kInvalid)) << body.substr(0, 50);
  }
}

}  // namespace
}  // namespace vmafx::trainer
