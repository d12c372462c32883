#include "vmafx/scoring/model_digest.h"

#include <gtest/gtest.h>

#include "vmafx/scoring/score.h"

namespace vmafx::scoring {
namespace {

TEST(ModelDigestTest, IsThatOfTheModelsFileInLibvmafsRepository) {
  EXPECT_EQ(ModelDigest("vmaf_v0.6.1"),
            "5950d61fa1f861bd45d8149d80539ed9f3376cfc2495b8f0fa8e9f57cb131ee3");
}

TEST(ModelDigestTest, IsThereForEveryBuiltInModelAndForNoOther) {
  for (const std::string& model : BuiltInModels()) {
    EXPECT_EQ(ModelDigest(model).size(), 64U) << model;
  }
  EXPECT_EQ(ModelDigest("vmaf_v0.6.2"), "");
}

}  // namespace
}  // namespace vmafx::scoring
