#include "ctrl/manager.h"

#include <gtest/gtest.h>

#include "base/crew.h"
#include "base/text.h"

namespace ctrl {
namespace {

using std::chrono::seconds;

using Diary = base::Guarded<std::vector<std::string>>;

// Writes what happens to it into a diary.
class DiaryPart final : public Part {
 public:
  DiaryPart(std::string name, Diary& diary) : name_(std::move(name)), diary_(diary) {}

  base::Result<> Start(const base::Until& until) override {
    Note("start ");
    if (blocks) {
      TRY(diary_.Await(until, [this](const std::vector<std::string>& lines) {
        return !lines.empty() && lines.back() == "go on";
      }));
    }
    return on_start;
  }
  base::Result<> Ready() override { return ready; }
  bool ReadyWhileStarting() const override { return standby; }
  void Stop() override { Note("stop "); }

  base::Result<> on_start = base::Ok();
  base::Result<> ready = base::Ok();
  bool blocks = false;
  bool standby = false;

 private:
  void Note(const std::string& what) {
    diary_.With([&](std::vector<std::string>& lines) { lines.push_back(what + name_); });
  }
  std::string name_;
  Diary& diary_;
};

class ManagerTest : public testing::Test {
 protected:
  void SetUp() override {
    manager_.Add("stores", stores_);
    manager_.Add("jobs", jobs_);
  }
  base::Until Long() { return base::Until::After(clock_, seconds(60), stop_.get_token()); }
  std::string Lines() {
    return diary_.Read(
        [](const std::vector<std::string>& lines) { return base::Join(lines, ", "); });
  }
  void Write(const std::string& line) {
    diary_.With([&](std::vector<std::string>& lines) { lines.push_back(line); });
  }
  // Runs the manager on a thread and calls f once it has said that `text` is how it is.
  base::Result<> RunUntilHealthIs(const std::string& text, const std::function<void()>& f) {
    base::Guarded<std::optional<base::Result<>>> outcome;
    base::Crew crew;
    crew.Start("manager", [&](std::stop_token) {
      auto result = manager_.Run(Long());
      outcome.With([&](auto& slot) { slot = std::move(result); });
    });
    const base::Until until = Long();
    while (manager_.Check().text != text && !until.Over()) std::this_thread::yield();
    EXPECT_EQ(manager_.Check().text, text);
    f();
    EXPECT_TRUE(outcome.Await(Long().Stopping({}), [](const auto& slot) { return !!slot; }).ok());
    return outcome.Read([](const auto& slot) { return *slot; });
  }

  base::SystemClock clock_;
  std::stop_source stop_;
  Diary diary_;
  DiaryPart stores_{"stores", diary_};
  DiaryPart jobs_{"jobs", diary_};
  Manager manager_{base::Log::Nowhere()};
};

TEST_F(ManagerTest, StartsInOrderAndStopsInReverse) {
  auto outcome = RunUntilHealthIs("[+]stores ok\n[+]jobs ok\n", [&] { stop_.request_stop(); });

  EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(Lines(), "start stores, start jobs, stop jobs, stop stores");
}

TEST_F(ManagerTest, StopsWhatRanWhenAPartDoesNotStart) {
  jobs_.on_start = base::Error(base::Code::kInvalid, "no such kind");

  auto outcome = manager_.Run(Long());

  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().message(), "starting jobs: no such kind");
  EXPECT_EQ(Lines(), "start stores, start jobs, stop stores");
}

TEST_F(ManagerTest, EndsWithTheErrorOfAPartThatCannotGoOn) {
  auto outcome = RunUntilHealthIs("[+]stores ok\n[+]jobs ok\n", [&] {
    manager_.Fail(base::Error(base::Code::kGone, "the lease is lost"));
  });

  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().message(), "the lease is lost");
  EXPECT_EQ(Lines(), "start stores, start jobs, stop jobs, stop stores");
}

TEST_F(ManagerTest, IsNotReadyBeforeAllPartsAre) {
  EXPECT_FALSE(manager_.Check().ready);
  jobs_.blocks = true;

  auto outcome = RunUntilHealthIs("[+]stores ok\n[-]jobs starting\n", [&] {
    EXPECT_FALSE(manager_.Check().ready);
    stop_.request_stop();
  });

  EXPECT_TRUE(outcome.ok()) << "a stop while starting is no failure";
  EXPECT_EQ(Lines(), "start stores, start jobs, stop stores");
}

TEST_F(ManagerTest, CountsAStandbyAsReady) {
  jobs_.blocks = true;
  jobs_.standby = true;

  auto outcome = RunUntilHealthIs("[+]stores ok\n[+]jobs standby\n", [&] {
    EXPECT_TRUE(manager_.Check().ready);
    stop_.request_stop();
  });

  EXPECT_TRUE(outcome.ok());
}

TEST_F(ManagerTest, SaysWhichPartIsNotReadyAndWhy) {
  stores_.ready = base::Error(base::Code::kUnavailable, "connection refused");

  auto outcome = RunUntilHealthIs("[-]stores connection refused\n[+]jobs ok\n", [&] {
    EXPECT_FALSE(manager_.Check().ready);
    stop_.request_stop();
  });

  EXPECT_TRUE(outcome.ok());
}

}  // namespace
}  // namespace ctrl
