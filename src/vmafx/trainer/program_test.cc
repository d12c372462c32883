// The real program, killed and started again.

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http.h"
#include "net/line_stream.h"
#include "net/testing/reserved_port.h"
#include "sys/files.h"
#include "sys/process.h"
#include "sys/testing/places.h"
#include "value/json.h"
#include "vmafx/api/feedback.h"
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
  }

  base::Until Soon() { return base::Until::After(clock_, std::chrono::seconds(60)); }

  std::map<std::string, std::string> Environment() const {
    return {{"PATH", "/usr/bin:/bin"},
            {"VMAFX_STATE_DIR", (folder_->path() / "state").string()},
            {"VMAFX_SIDECAR_CHECKPOINT_DIR", folder_->path().string()},
            {"VMAFX_CHECKPOINT_INTERVAL", "1h"},
            {"VMAFX_FEEDBACK_LISTEN", feedback_.address()},
            {"VMAFX_HTTP_ADDR", http_port_.address()}};
  }

  sys::Process StartProgram() {
    auto process = sys::Process::Start({.argv = {program_},
                                        .environment = Environment(),
                                        .output_path = (folder_->path() / "log").string()});
    EXPECT_TRUE(process.ok()) << process.error().message();
    return *std::move(process);
  }

  // To the program once it listens.
  base::Result<net::LineStream> Connect(sys::Process& process) {
    const base::Until until = Soon();
    while (true) {
      auto stream = net::LineStream::Connect(feedback_.address(), until);
      if (stream.ok()) return stream;
      if (!process.Running() || !until.Pause(std::chrono::milliseconds(5))) {
        auto said = sys::ReadFile(folder_->path() / "log");
        return std::move(stream).During(std::move(said).ValueOr("no log"));
      }
    }
  }

  // True once the sample is acknowledged.
  bool Tell(net::LineStream& stream, const Sample& sample, const std::string& job) {
    if (!stream.Write(api::WriteSample({job, sample.features, sample.score, ""}), Soon()).ok()) {
      return false;
    }
    const auto line = stream.Read(api::kMostFeedbackLine, Soon());
    const auto reply = line.ok() ? api::ReadReply(*line) : line.error();
    EXPECT_TRUE(reply.ok()) << reply.error().message();
    return reply.ok() && reply->ok;
  }

  Json Status() {
    const auto response =
        net::MakeCurlHttp({})->Send({.url = "http://" + http_port_.address() + "/status"}, Soon());
    EXPECT_TRUE(response.ok()) << response.error().message();
    return response.ok() ? Json::parse(response->body) : Json();
  }

  base::SystemClock clock_;
  const std::string program_ = sys::testing::Program("vmafx-trainer");
  std::optional<sys::TempDir> folder_;
  // The program's, also between two lives of it.
  net::testing::ReservedPort feedback_;
  net::testing::ReservedPort http_port_;
};

TEST_F(ProgramTest, KeepsEverySampleThatItAcknowledgedWhenItIsKilled) {
  const std::vector<Sample> samples = MakeSamples(60, 1);
  size_t next = 0;
  for (int kill = 0; kill < 5; ++kill) {
    sys::Process process = StartProgram();
    auto stream = Connect(process);
    ASSERT_TRUE(stream.ok()) << stream.error().message();
    for (int i = 0; i < 10; ++i, ++next) {
      ASSERT_TRUE(Tell(*stream, samples[next], "job-" + std::to_string(next)));
    }
    // One more is on its way, and may be counted or not.
    const Sample& last = samples[next];
    ASSERT_TRUE(stream
                    ->Write(api::WriteSample(
                                {"job-" + std::to_string(next), last.features, last.score, ""}),
                            Soon())
                    .ok());
    process.Signal(SIGKILL);
    const auto exit = process.Wait(Soon());
    ASSERT_TRUE(exit.ok()) << exit.error().message();
    ASSERT_EQ(exit->signal, SIGKILL);
  }

  sys::Process process = StartProgram();
  auto stream = Connect(process);
  ASSERT_TRUE(stream.ok()) << stream.error().message();
  for (size_t i = 0; i <= next; ++i) {
    ASSERT_TRUE(Tell(*stream, samples[i], "job-" + std::to_string(i)));
  }

  EXPECT_EQ(Status()["current_samples"], next + 1);
}

TEST_F(ProgramTest, EndsSoonWhenItIsAskedTo) {
  sys::Process process = StartProgram();
  auto stream = Connect(process);
  ASSERT_TRUE(stream.ok()) << stream.error().message();
  ASSERT_TRUE(Tell(*stream, MakeSamples(1, 1).front(), "job"));

  process.Signal(SIGTERM);

  const auto exit = process.Wait(base::Until::After(clock_, std::chrono::seconds(30)));
  ASSERT_TRUE(exit.ok()) << exit.error().message();
  EXPECT_EQ(exit->status, 0);
}

TEST_F(ProgramTest, RefusesASecondOneOnTheSameState) {
  sys::Process process = StartProgram();
  const auto stream = Connect(process);
  ASSERT_TRUE(stream.ok()) << stream.error().message();
  auto environment = Environment();
  environment["VMAFX_FEEDBACK_LISTEN"] = environment["VMAFX_HTTP_ADDR"] = "127.0.0.1:0";

  const auto second = sys::Run({.argv = {program_}, .environment = environment}, Soon());

  ASSERT_TRUE(second.ok()) << second.error().message();
  EXPECT_EQ(second->status, 3);
  EXPECT_THAT(second->output, HasSubstr("opening the trainer's state"));
}

TEST_F(ProgramTest, SaysWhichOptionIsWrong) {
  const auto run = [&](const std::string& name, const std::string& text) {
    auto environment = Environment();
    environment[name] = text;
    const auto ran = sys::Run({.argv = {program_}, .environment = environment}, Soon());
    EXPECT_TRUE(ran.ok()) << ran.error().message();
    const sys::Exit exit = ran.ok() ? *ran : sys::Exit{.status = -1};
    EXPECT_EQ(exit.status, 2) << name;
    return exit.output;
  };

  EXPECT_THAT(run("VMAFX_SIDECAR_LR", "7"), HasSubstr("step size is 7"));
  EXPECT_THAT(run("VMAFX_SIDECAR_N_FEATURES", "80"), HasSubstr("this program has 27"));
  EXPECT_THAT(run("VMAFX_CHECKPOINT_INTERVAL", "soon"), HasSubstr("checkpoint-interval"));
  EXPECT_THAT(run("VMAFX_BASE_MODEL", "what"), HasSubstr("base model what"));
}

}  // namespace
}  // namespace vmafx::trainer
