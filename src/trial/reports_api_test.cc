// The files of `seatrial test`, by the program itself, on a real kube-apiserver.

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "kube/testing/api_server.h"
#include "sys/files.h"
#include "sys/process.h"
#include "sys/testing/places.h"
#include "trial/testing/program.h"
#include "trial/testing/suite_files.h"
#include "value/json.h"

namespace trial {
namespace {

using namespace std::chrono_literals;
using kube::testing::SharedApiServer;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::SuiteFiles;

constexpr char kMap[] =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {color: red}\n";
constexpr char kWrongMap[] =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {color: blue}\n";
constexpr char kSoon[] = "---\napiVersion: kuttl.dev/v1beta1\nkind: TestAssert\ntimeout: 3\n";

class ReportsApiTest : public ::testing::Test {
 protected:
  // `seatrial ARGUMENTS...` in the suite's folder; namespaces stay, for no controller removes them.
  sys::Exit Seatrial(std::vector<std::string> arguments) {
    sys::Command command = testing::SeatrialCommand(std::move(arguments));
    command.directory = files_.Path();
    return testing::RunWithin(120s, std::move(command));
  }

  sys::Exit Test(std::vector<std::string> arguments) {
    files_.Write("kubeconfig", kube::WriteKubeconfig(SharedApiServer().Admin(), "api"));
    arguments.insert(arguments.begin(), {"test", "--kubeconfig", "kubeconfig", "--skip-delete"});
    return Seatrial(std::move(arguments));
  }

  std::string Read(const std::string& file) {
    const auto text = sys::ReadFile(files_.Path(file));
    EXPECT_TRUE(text.ok()) << file;
    return text.ok() ? *text : "";
  }

  base::SystemClock clock_;
  SuiteFiles files_ = {{"good/map/00-map.yaml", kMap},
                       {"good/map/00-assert.yaml", kMap},
                       {"bad/wrong/00-map.yaml", kMap},
                       {"bad/wrong/00-assert.yaml", std::string(kWrongMap) + kSoon}};
};

TEST_F(ReportsApiTest, AReportBringsAPageWithTheFailureAndWhatWasSeen) {
  const sys::Exit exit =
      Test({"--report", "xml", "--artifacts-dir", "out", "--events", "events.jsonl", "bad"});

  EXPECT_EQ(exit.status, 1) << exit.output;
  EXPECT_THAT(exit.output, HasSubstr("report: out/kuttl-report.html"));
  const std::string page = Read("out/kuttl-report.html");
  EXPECT_THAT(page, HasSubstr(R"(expected \"blue\", found \"red\")"));
  EXPECT_THAT(page, HasSubstr(R"("appeared","ConfigMap","settings")"));
  EXPECT_THAT(page, HasSubstr(R"("link":"wrong/0-map/failure.txt")"));
  std::string last;
  for (const std::string& line : base::Split(Read("events.jsonl"), '\n'))
    if (!line.empty()) last = line;
  EXPECT_EQ((*value::ParseJson(last))["event"], "run-ended");
}

TEST_F(ReportsApiTest, WritesNoPageThatNobodyAskedFor) {
  EXPECT_EQ(Test({"--artifacts-dir", "out", "good"}).status, 0);
  EXPECT_FALSE(std::filesystem::exists(files_.Path("out")));
  EXPECT_EQ(Test({"--report", "xml", "--no-html", "--artifacts-dir", "out", "good"}).status, 0);
  EXPECT_FALSE(std::filesystem::exists(files_.Path("out/kuttl-report.html")));
  EXPECT_EQ(Test({"--html", "mine.html", "good"}).status, 0);
  EXPECT_TRUE(std::filesystem::exists(files_.Path("mine.html")));
}

TEST_F(ReportsApiTest, RepeatsASuiteAndTellsWhatTheRunsHaveInCommon) {
  const sys::Exit exit = Test({"--repeat", "2", "--history", "history.db", "good"});

  EXPECT_EQ(exit.status, 0) << exit.output;
  EXPECT_THAT(exit.output, HasSubstr("run 2 of 2\n"));
  EXPECT_THAT(exit.output, HasSubstr("2 runs: 2 passed, 0 did not\n"));
  const sys::Exit history = Seatrial({"history", "history.db"});
  EXPECT_EQ(history.status, 0);
  EXPECT_THAT(history.output, HasSubstr("2 runs, 1 tests\n"));
}

TEST_F(ReportsApiTest, RepeatsUntilARunFailsAndNamesIt) {
  // Good in the first run only: the file is there from then on.
  files_.Write("flaky/once/00-once.yaml",
               "apiVersion: kuttl.dev/v1beta1\nkind: TestStep\ncommands:\n"
               "- script: mkdir ../../was-here\n");

  const sys::Exit exit = Test({"--until-fail", "--artifacts-dir", "out", "flaky"});

  EXPECT_EQ(exit.status, 1) << exit.output;
  EXPECT_THAT(exit.output, HasSubstr("flaky/once did not pass in 1 of 2 runs (run 2)\n"));
  EXPECT_TRUE(std::filesystem::exists(files_.Path("out/run-2/once/0-once/failure.txt")));
}

TEST_F(ReportsApiTest, StreamsEventsToStdoutAndTheConsoleToStderr) {
  const std::string kubeconfig = kube::WriteKubeconfig(SharedApiServer().Admin(), "api");
  files_.Write("kubeconfig", kubeconfig);
  files_.Write("stream.sh",
               "\"$1\" test --kubeconfig kubeconfig --skip-delete --events - good 2>console\n");
  sys::Command command;
  command.argv = {"/bin/sh", "stream.sh", sys::testing::Program("seatrial")};
  command.directory = files_.Path();
  const auto exit = sys::Run(std::move(command), base::Until::After(clock_, 120s));

  ASSERT_TRUE(exit.ok());
  EXPECT_EQ(exit->status, 0);
  for (const std::string& line : base::Split(exit->output, '\n')) {
    if (line.empty()) continue;
    EXPECT_TRUE(value::ParseJson(line).ok()) << line;
  }
  EXPECT_THAT(Read("console"), HasSubstr("1 test: 1 passed"));
}

TEST_F(ReportsApiTest, IsQuietAboutWhatPassed) {
  const sys::Exit exit = Test({"--quiet", "good", "bad"});

  EXPECT_THAT(exit.output, Not(HasSubstr("good/map")));
  EXPECT_THAT(exit.output, HasSubstr("bad/wrong"));
  EXPECT_THAT(exit.output, ContainsRegex("2 tests: 1 passed, 1 failed"));
}

TEST_F(ReportsApiTest, FailsBeforeTheRunWhenAFileCannotBeWritten) {
  const sys::Exit events = Test({"--events", "no/such/folder/e.jsonl", "good"});
  EXPECT_EQ(events.status, 1);
  EXPECT_THAT(events.output, HasSubstr("--events no/such/folder/e.jsonl"));
  EXPECT_THAT(events.output, Not(HasSubstr("passed")));

  files_.Write("text.db", std::string(2000, 'x'));
  const sys::Exit history = Test({"--history", "text.db", "good"});
  EXPECT_EQ(history.status, 1);
  EXPECT_THAT(history.output, HasSubstr("text.db"));
}

}  // namespace
}  // namespace trial
