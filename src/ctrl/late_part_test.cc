#include "ctrl/late_part.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ctrl {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

// Tells what happens to it.
class TellingPart final : public Part {
 public:
  TellingPart(std::vector<std::string>& told, bool starts) : told_(told), starts_(starts) {
    told_.push_back("made");
  }
  ~TellingPart() override { told_.push_back("gone"); }

  base::Result<> Start(const base::Until&) override {
    told_.push_back("start");
    if (starts_) return base::Ok();
    return base::Error(base::Code::kUnavailable, "no stores");
  }
  base::Result<> Ready() override { return base::Error(base::Code::kUnavailable, "stale"); }
  void Stop() override { told_.push_back("stop"); }

 private:
  std::vector<std::string>& told_;
  const bool starts_;
};

class LatePartTest : public testing::Test {
 protected:
  LatePart Make(bool starts) {
    return LatePart([this, starts] { return std::make_unique<TellingPart>(told_, starts); });
  }
  base::Until Long() { return base::Until::After(clock_, seconds(10)); }

  base::FakeClock clock_;
  std::vector<std::string> told_;
};

TEST_F(LatePartTest, ExistsFromEachStartToItsStop) {
  LatePart part = Make(true);
  EXPECT_THAT(told_, IsEmpty());

  ASSERT_TRUE(part.Start(Long()).ok());
  EXPECT_EQ(part.Ready().error().message(), "stale");
  part.Stop();
  ASSERT_TRUE(part.Start(Long()).ok());

  EXPECT_THAT(told_, ElementsAre("made", "start", "stop", "gone", "made", "start"));
}

TEST_F(LatePartTest, OneThatDoesNotStartIsGoneAtOnce) {
  LatePart part = Make(false);

  const auto started = part.Start(Long());

  EXPECT_EQ(started.error().message(), "no stores");
  EXPECT_THAT(told_, ElementsAre("made", "start", "gone"));
}

}  // namespace
}  // namespace ctrl
