// The programs vmafx and vmafx-node, run as a user runs them, with a real controller.

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "sys/files.h"
#include "sys/process.h"
#include "sys/testing/places.h"
#include "value/json.h"
#include "vmafx/controller/testing/local_controller.h"

namespace vmafx::client {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class ProgramTest : public ::testing::Test {
 protected:
  base::Until until() { return base::Until::After(clock_, std::chrono::seconds(120)); }

  sys::Command Command(const std::string& program, std::vector<std::string> words) {
    words.insert(words.begin(), sys::testing::Program(program));
    return {.argv = std::move(words),
            .environment = {{{"VMAFX_CONTROLLER_ADDR", server_.address()},
                             {"PATH", sys::Environment()["PATH"]}}}};
  }
  sys::Exit Run(std::vector<std::string> words) {
    auto exit = sys::Run(Command("vmafx", std::move(words)), until());
    EXPECT_TRUE(exit.ok()) << exit.error().message();
    return exit.ok() ? *exit : sys::Exit{.status = -1};
  }

  sys::Process StartNode() {
    auto node = sys::Process::Start(
        Command("vmafx-node", {"--name", "pool-1", "--scoring-roots", fixtures_, "--http-addr",
                               "127.0.0.1:0", "--poll-interval", "20ms"}));
    CHECK(node.ok());
    return *std::move(node);
  }

  std::vector<std::string> Pair(const std::string& distorted) {
    return {"submit",
            "file://" + fixtures_ + "/ref.yuv",
            "file://" + fixtures_ + "/" + distorted,
            "--size",
            "64x64",
            "--pixel-format",
            "yuv420p"};
  }
  std::vector<std::string> PairAnd(const std::string& distorted, std::vector<std::string> more) {
    auto words = Pair(distorted);
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  base::SystemClock clock_;
  std::string fixtures_ = sys::testing::SourceFolder() / "test/e2e/fixtures";
  sys::TempDir folder_ = *sys::TempDir::Make("client");
  controller::testing::LocalController server_{clock_};
};

TEST_F(ProgramTest, SubmitsAJobThatAPoolNodeScoresAndShowsItInEveryForm) {
  auto node = StartNode();

  const auto waited = Run(PairAnd("dist.yuv", {"--wait", "-o", "json"}));

  ASSERT_EQ(waited.status, 0) << waited.output;
  double expected = 0;
  std::ifstream(fixtures_ + "/expected-score") >> expected;
  const auto job = value::ParseJson(waited.output.substr(waited.output.find('{')));
  ASSERT_TRUE(job.ok()) << waited.output;
  EXPECT_NEAR((*job)["score"]["mean"].get<double>(), expected, 1e-5);
  const std::string id = (*job)["id"];
  EXPECT_THAT(Run({"get", id}).output, HasSubstr("status       completed"));
  const std::string csv = Run({"get", id, "--frames", "csv"}).output;
  EXPECT_THAT(csv, StartsWith("frame,vmaf,adm2"));
  EXPECT_EQ(base::Split(csv, '\n').size(), 10U);
  EXPECT_EQ(value::ParseJson(Run({"get", id, "--frames", "json"}).output)->size(), 8U);
  const std::string page = folder_.path() / "frames.html";
  EXPECT_EQ(Run({"get", id, "--html", page}).status, 0);
  EXPECT_THAT(*sys::ReadFile(page), HasSubstr("<title>frame 7: "));
  EXPECT_EQ(Run({"watch", id}).status, 0);
  EXPECT_THAT(Run({"nodes"}).output, HasSubstr("pool-1  -          -          cpu: "));
  EXPECT_EQ(value::ParseJson(Run({"nodes", "-o", "json"}).output)->at(0)["live"], true);

  node.Signal(SIGTERM);
  const auto exit = node.Wait(until());
  ASSERT_TRUE(exit.ok());
  EXPECT_EQ(exit->status, 0) << exit->output;
}

TEST_F(ProgramTest, AJobThatFailsIsExitCode1) {
  auto node = StartNode();

  const auto waited = Run(PairAnd("nope.yuv", {"--wait"}));

  EXPECT_EQ(waited.status, 1);
  EXPECT_THAT(waited.output, HasSubstr("nope.yuv: no such file"));
}

TEST_F(ProgramTest, CancelsAJobThatNobodyTakes) {
  const auto submitted = Run(Pair("dist.yuv"));
  ASSERT_EQ(submitted.status, 0) << submitted.output;
  const std::string id(base::Trim(submitted.output));

  const auto page = Run({"get", id, "--html", "page.html"});
  EXPECT_EQ(page.status, 3);
  EXPECT_THAT(page.output, HasSubstr("is pending: its page can be drawn when it has ended"));
  EXPECT_EQ(Run({"cancel", id}).output, "cancellation requested\n");
  EXPECT_EQ(Run({"cancel", id, "-o", "json"}).status, 0);
  EXPECT_EQ(Run({"watch", id}).status, 1);
  EXPECT_THAT(Run({"get", id, "--frames", "csv"}).output,
              HasSubstr("is cancelled: it has no frames"));
}

TEST_F(ProgramTest, BadUsageIsExitCode2AndNamesTheFlag) {
  const struct {
    std::vector<std::string> words;
    const char* says;
  } cases[] = {
      {{"submit", "file:///a.yuv", "file:///b.yuv"}, "--size is missing"},
      {{"submit", "file:///a.yuv", "file:///b.yuv", "--size", "64x64"},
       "--pixel-format is missing"},
      {{"submit", "a.y4m", "file:///b.y4m"}, "REFERENCE: "},
      {PairAnd("dist.yuv", {"--bitdepth", "10"}), "contradict"},
      {PairAnd("dist.yuv", {"--backend", "gpu"}), "--backend"},
      {PairAnd("dist.yuv", {"--priority", "-1"}), "--priority"},
      {{"get"}, "JOB is required"},
      {{"get", "x", "--frames", "xml"}, "--frames"},
      {{"nodes", "-o", "yaml"}, "--output"},
      {{"nodes", "--ca-file", "/x"}, "need --tls"},
      {{"train", "status", "nothing"}, "NAME.NAMESPACE"},
      {{"train"}, "subcommand"},
      {{"submitt"}, "did you mean \"submit\"?"},
  };
  for (const auto& [words, says] : cases) {
    const auto exit = Run(words);
    EXPECT_EQ(exit.status, 2) << says << "\n" << exit.output;
    EXPECT_THAT(exit.output, HasSubstr(says));
  }
}

TEST_F(ProgramTest, WhatIsNotThereIsExitCode3) {
  EXPECT_EQ(Run({"get", "nope"}).status, 3);
  EXPECT_EQ(Run({"watch", "nope"}).status, 3);
  EXPECT_EQ(Run({"cancel", "nope"}).status, 3);
  EXPECT_EQ(Run({"train", "status", "127.0.0.1:1"}).status, 3);
  server_.Stop();
  const auto gone = Run({"nodes"});
  EXPECT_EQ(gone.status, 3);
  EXPECT_THAT(gone.output, HasSubstr("VMAFX_CONTROLLER_ADDR"));
}

TEST_F(ProgramTest, DrawsTheFramesOfAPairThatItScoresItself) {
  const std::string page = folder_.path() / "page.html";

  const auto exit = Run({"score", fixtures_ + "/ref.yuv", fixtures_ + "/dist.yuv", "--size",
                         "64x64", "--pixel-format", "yuv420p", "--html", page});

  ASSERT_EQ(exit.status, 0) << exit.output;
  const std::string html = *sys::ReadFile(page);
  EXPECT_THAT(html, HasSubstr("<title>frame 7: "));
  EXPECT_THAT(html, HasSubstr("<h2>vif_scale3</h2>"));
  EXPECT_EQ(Run({"score", fixtures_ + "/ref.yuv", fixtures_ + "/dist.yuv", "--size", "64x64",
                 "--pixel-format", "yuv420p", "--html", "/nonexistent/page.html"})
                .status,
            3);
}

TEST_F(ProgramTest, ListsModelsAndCompletesWords) {
  EXPECT_THAT(Run({"models"}).output, StartsWith("vmaf_v0.6.1  (default)\n"));
  EXPECT_EQ(value::ParseJson(Run({"models", "-o", "json"}).output)->at(0), "vmaf_v0.6.1");
  const auto script = Run({"completion"});
  const auto completed = sys::Run(
      {.argv = {"bash", "-c",
                script.output +
                    "COMP_WORDS=(vmafx submit --pri); COMP_CWORD=2; _vmafx; echo ${COMPREPLY[@]}\n"
                    "COMP_WORDS=(vmafx wa); COMP_CWORD=1; _vmafx; echo ${COMPREPLY[@]}"}},
      until());
  ASSERT_TRUE(completed.ok());
  EXPECT_EQ(completed->output, "--priority\nwatch\n");
}

TEST_F(ProgramTest, TheNodeRefusesToStartWithWhatItCannotDo) {
  const struct {
    std::vector<std::string> words;
    const char* says;
  } cases[] = {
      {{"--slots", "0"}, "--slots"},
      {{"--slots", "65"}, "--slots"},
      {{"--stop-deadline", "soon"}, "--stop-deadline"},
      {{"--stop-deadline", "0s"}, "not above zero"},
      {{"--backend", "auto"}, "--backend"},
      {{"--storage-mode", "mount"}, "VMAFX_STORAGE_MODE"},
      {{"--feedback-addrs", "trainer"}, "--feedback-addrs: \"trainer\" is not HOST:PORT"},
      {{"--sidecar-socket", std::string(200, 'x')}, "--sidecar-socket"},
      {{"--ca-file", "/x"}, "need --tls"},
      {{"--tls", "--ca-file", "/nonexistent/ca.crt"}, "/nonexistent/ca.crt"},
      {{"--cpu-limit", "many"}, "many"},
  };
  for (const auto& [words, says] : cases) {
    const auto exit = sys::Run(Command("vmafx-node", words), until());
    ASSERT_TRUE(exit.ok());
    EXPECT_EQ(exit->status, 2) << says << "\n" << exit->output;
    EXPECT_THAT(exit->output, HasSubstr(says));
  }
  auto command = Command("vmafx-node", {"--token-file", "/x"});
  (*command.environment)["VMAFX_CONTROLLER_TOKEN"] = "secret";
  const auto exit = sys::Run(command, until());
  EXPECT_EQ(exit->status, 2);
  EXPECT_THAT(exit->output, HasSubstr("and VMAFX_CONTROLLER_TOKEN_FILE too"));
  EXPECT_EQ(exit->output.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace vmafx::client
