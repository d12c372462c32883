// What `seatrial test` and `kubectl-kuttl` end with before they look for a cluster.

#include <cstdlib>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/process.h"

namespace {

class ExitCodesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* folder = std::getenv("SEATRIAL_PROGRAM_DIR");
    ASSERT_TRUE(folder) << "run by ctest";
    folder_ = folder;
  }

  // "2: what it says" of `PROGRAM test WORDS... .`
  std::string Of(const std::string& program, std::vector<std::string> words) {
    words.insert(words.begin(), {folder_ + "/" + program, "test"});
    words.push_back(".");
    const auto exit =
        sys::Run({.argv = words}, base::Until::After(clock_, std::chrono::seconds(60)));
    if (!exit.ok()) return exit.error().message();
    return std::to_string(exit->status) + ": " + exit->output;
  }

  base::SystemClock clock_;
  std::string folder_;
};

TEST_F(ExitCodesTest, AValueOfAFlagThatCannotBeReadIsAWrongFlag) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
      {{"--template-var", "color"}, "--template-var: color: want NAME=VALUE\n"},
      {{"--test-run-labels", "a"}, "--test-run-labels: \"a\" is no label"}};
  for (const auto& [words, says] : wrong) {
    EXPECT_THAT(Of("seatrial", words), ::testing::StartsWith("2: seatrial: " + says));
    EXPECT_THAT(Of("kubectl-kuttl", words), ::testing::StartsWith("255: Error: " + says));
  }
}

}  // namespace
