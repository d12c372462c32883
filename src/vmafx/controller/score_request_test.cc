#include "vmafx/controller/score_request.h"

#include <cstdint>

#include <gtest/gtest.h>

namespace vmafx::controller {
namespace {

// Whatever a client sends, it is read or refused by a name.
TEST(ScoreRequestTest, StandsAnyBytes) {
  const std::string good =
      R"({"reference":"r","distorted":"d","model":"m","options":{"width":64,"height":64,)"
      R"("pixel_format":"420","bitdepth":8,"threads":2}})";
  ASSERT_TRUE(ReadScoreRequest(good).ok());
  uint32_t state = 11;
  const auto next = [&state] { return (state = state * 1664525 + 1013904223) >> 8; };
  for (int round = 0; round < 5000; ++round) {
    std::string body = good;
    for (uint32_t edits = next() % 4 + 1; edits > 0; --edits) {
      const size_t at = next() % body.size();
      switch (next() % 3) {
        case 0:
          body[at] = static_cast<char>(next());
          break;
        case 1:
          body.erase(at, next() % 8 + 1);
          break;
        default:
          body.insert(at, body.substr(next() % body.size(), next() % 16));
      }
      if (body.empty()) body = "{";
    }
    const auto read = ReadScoreRequest(body);
    if (!read.ok()) {
      EXPECT_FALSE(read.error().message().empty());
    }
  }
  EXPECT_FALSE(ReadScoreRequest(std::string(100'000, '[')).ok());
}

}  // namespace
}  // namespace vmafx::controller
