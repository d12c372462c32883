// The real program, killed and started again.

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http.h"
#include "net/line_stream.h"
#include "sys/files.h"
#include "sys/process.h"
#include "sys/testing/places.h"
#include "value/json.h"
#include "vmafx/api/feedback.h"
#include "vmafx/trainer/listener.h"
#include "vmafx/trainer/testing/samples.h"

namespace vmafx::trainer {
namespace {

using testing::HasSubstr;
using value::Json;

class ProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    auto folder = sys::TempDir::Make("trainer-program");
    ASSERT_TRUE(folder.ok());
    folder_ = *std::move(folder);
    feedback_ = FreeAddress();
    http_address_ = FreeAddress();
  }

  static std::string FreeAddress() {
    const auto listener = Listener::OnTcp("127.0.0.1:0");
    return fmt::format("127.0.0.1:{}", listener->port());
  }

  base::Until Soon() { return base::Until::After(clock_, std::chrono::seconds(60)); }

  std::map<std::string, std::string> Environment() const {
    return {{"PATH", "/usr/bin:/bin"},
            {"VMAFX_STATE_DIR", (folder_->path() / "state").string()},
            {"VMAFX_SIDECAR_CHECKPOINT_DIR", folder_->path().string()},
            {"VMAFX_CHECKPOINT_INTERVAL", "1h"},
            {"VMAFX_FEEDBACK_LISTEN", feedback_},
            {"VMAFX_HTTP_ADDR", http_address_}};
  }

  sys::Process StartProgram() {
    auto process = sys::Process::Start({.argv = {program_},
                                        .environment = Environment(),
                                        .output_path = (folder_->path() / "log").string()});
    EXPECT_TRUE(process.ok()) << process.error().message();
    return *std::move(process);
  }

  net::LineStream Connect() {
    const base::Until until = Soon();
    while (true) {
      auto stream = net::LineStream::Connect(feedback_, until);
      if (stream.ok() || !until.Pause(std::chrono::milliseconds(5))) {
        EXPECT_TRUE(stream.ok()) << stream.error().message();
        return *std::move(stream);
      }
    }
  }

  // True once the sample is acknowledged.
  bool Tell(net::LineStream& stream, const Sample& sample, const std::string& job) {
    if (!stream.Write(api::WriteSample({job, sample.features, sample.score, ""}), Soon()).ok()) {
      return false;
    }
    const auto line = stream.Read(api::kMostFeedbackLine, Soon());
    return line.ok() && api::ReadReply(*line)->ok;
  }

  Json Status() {
    const auto response =
        net::MakeCurlHttp({})->Send({.url = "http://" + http_address_ + "/status"}, Soon());
    EXPECT_TRUE(response.ok()) << response.error().message();
    return Json::parse(response->body);
  }

  base::SystemClock clock_;
  const std::string program_ = sys::testing::Program("vmafx-trainer");
  std::optional<sys::TempDir> folder_;
  std::string feedback_;
  std::string http_address_;
};

TEST_F(ProgramTest, KeepsEverySampleThatItAcknowledgedWhenItIsKilled) {
  const std::vector<Sample> samples = MakeSamples(60, 1);
  size_t next = 0;
  for (int kill = 0; kill < 5; ++kill) {
    sys::Process process = StartProgram();
    net::LineStream stream = Connect();
    for (int i = 0; i < 10; ++i, ++next) {
      ASSERT_TRUE(Tell(stream, samples[next], "job-" + std::to_string(next)));
    }
    // One more is on its way, and may be counted or not.
    const Sample& last = samples[next];
    ASSERT_TRUE(
        stream
            .Write(api::WriteSample({"job-" + std::to_string(next), last.features, last.score, ""}),
                   Soon())
            .ok());
    process.Signal(SIGKILL);
    ASSERT_EQ(process.Wait(Soon())->signal, SIGKILL);
  }

  sys::Process process = StartProgram();
  net::LineStream stream = Connect();
  for (size_t i = 0; i <= next; ++i) {
    ASSERT_TRUE(Tell(stream, samples[i], "job-" + std::to_string(i)));
  }

  EXPECT_EQ(Status()["current_samples"], next + 1);
}

TEST_F(ProgramTest, EndsWithinASecondWhenItIsAskedTo) {
  sys::Process process = StartProgram();
  net::LineStream stream = Connect();
  ASSERT_TRUE(Tell(stream, MakeSamples(1, 1).front(), "job"));

  process.Signal(SIGTERM);

  const auto exit = process.Wait(base::Until::After(clock_, std::chrono::seconds(10)));
  ASSERT_TRUE(exit.ok()) << exit.error().message();
  EXPECT_EQ(exit->status, 0);
}

TEST_F(ProgramTest, RefusesASecondOneOnTheSameState) {
  sys::Process process = StartProgram();
  Connect();
  feedback_ = FreeAddress();
  http_address_ = FreeAddress();

  const auto second = sys::Run({.argv = {program_}, .environment = Environment()}, Soon());

  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->status, 3);
  EXPECT_THAT(second->output, HasSubstr("opening the trainer's state"));
}

TEST_F(ProgramTest, SaysWhichOptionIsWrong) {
  const auto run = [&](const std::string& name, const std::string& text) {
    auto environment = Environment();
    environment[name] = text;
    const auto exit = sys::Run({.argv = {program_}, .environment = environment}, Soon());
    EXPECT_TRUE(exit.ok());
    EXPECT_EQ(exit->status, 2) << name;
    return exit->output;
  };

  EXPECT_THAT(run("VMAFX_SIDECAR_LR", "7"), HasSubstr("step size is 7"));
  EXPECT_THAT(run("VMAFX_SIDECAR_N_FEATURES", "80"), HasSubstr("this program has 27"));
  EXPECT_THAT(run("VMAFX_CHECKPOINT_INTERVAL", "soon"), HasSubstr("checkpoint-interval"));
  EXPECT_THAT(run("VMAFX_BASE_MODEL", "what"), HasSubstr("base model what"));
}

}  // namespace
}  // namespace vmafx::trainer
