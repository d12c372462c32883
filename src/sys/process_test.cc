#include "sys/process.h"

#include <signal.h>

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "sys/files.h"

namespace sys {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using Variables = std::map<std::string, std::string>;

class ProcessTest : public testing::Test {
 protected:
  base::Until Within(base::Duration span) { return base::Until::After(clock_, span); }
  Command Shell(std::string script) {
    Command command;
    command.argv = {"sh", "-c", std::move(script)};
    return command;
  }
  // Run with a deadline that is over once the command has written a line, however long that takes.
  base::Result<Exit> RunToTheDeadlineAfterALine(Command command) {
    base::FakeClock clock;
    command.on_line = [&](std::string_view) { clock.Advance(seconds(1)); };
    return sys::Run(std::move(command), base::Until::After(clock, milliseconds(200)));
  }

  base::SystemClock clock_;
};

TEST_F(ProcessTest, CapturesBothOutputsInOrderAndTheStatus) {
  const auto exit =
      sys::Run(Shell("echo one; echo two >&2; echo three; exit 3"), Within(seconds(60)));

  ASSERT_TRUE(exit.ok()) << exit.error().message();
  EXPECT_EQ(exit->output, "one\ntwo\nthree\n");
  EXPECT_EQ(exit->status, 3);
  EXPECT_EQ(exit->Describe(), "exit status 3");
}

TEST_F(ProcessTest, NamesTheSignalThatKilledIt) {
  const auto exit = sys::Run(Shell("kill -9 $$"), Within(seconds(60)));

  ASSERT_TRUE(exit.ok());
  EXPECT_EQ(exit->status, 137);
  EXPECT_EQ(exit->Describe(), "killed by signal 9 (Killed)");
}

TEST_F(ProcessTest, HandsOverTheInputWhateverItsSizeAndWithoutItNothing) {
  Command count = Shell("wc -c");
  count.input = std::string(size_t{3} << 20, 'x');
  const auto exit = sys::Run(count, Within(seconds(60)));
  const auto empty = sys::Run(Shell("wc -c"), Within(seconds(60)));

  ASSERT_TRUE(exit.ok() && empty.ok());
  EXPECT_EQ(base::Trim(exit->output), "3145728");
  EXPECT_EQ(base::Trim(empty->output), "0");
}

TEST_F(ProcessTest, TellsLinesAsTheyComeAndTheLastOneWithoutALineEnd) {
  std::vector<std::string> lines;
  Command command = Shell("printf 'a\\nb\\n\\nlast'");
  command.on_line = [&](std::string_view line) { lines.emplace_back(line); };

  ASSERT_TRUE(sys::Run(command, Within(seconds(60))).ok());

  EXPECT_THAT(lines, ElementsAre("a", "b", "", "last"));
}

TEST_F(ProcessTest, KeepsTheLastMebibyteOfALongOutput) {
  const auto exit =
      sys::Run(Shell("head -c 5000000 /dev/zero | tr '\\0' x; echo end"), Within(seconds(60)));

  ASSERT_TRUE(exit.ok());
  EXPECT_EQ(exit->output.size(), size_t{1} << 20);
  EXPECT_TRUE(exit->output.ends_with("xend\n"));
}

TEST_F(ProcessTest, AppendsToAFileWhenAsked) {
  TempDir dir = *TempDir::Make();
  Command command = Shell("echo out; echo err >&2");
  command.output_path = dir.path() / "log";

  ASSERT_TRUE(sys::Run(command, Within(seconds(60))).ok());
  ASSERT_TRUE(sys::Run(command, Within(seconds(60))).ok());

  EXPECT_EQ(*ReadFile(dir.path() / "log"), "out\nerr\nout\nerr\n");
}

TEST_F(ProcessTest, GivesTheChildExactlyItsEnvironmentAndDirectory) {
  TempDir dir = *TempDir::Make();
  Command command;
  command.argv = {"sh", "-c", "echo $COLOR $HOME; pwd"};
  command.environment = Variables{{"PATH", "/usr/bin:/bin"}, {"COLOR", "red"}};
  command.directory = dir.path();

  const auto exit = sys::Run(command, Within(seconds(60)));

  ASSERT_TRUE(exit.ok());
  EXPECT_EQ(exit->output, "red\n" + dir.path().string() + "\n");
}

TEST_F(ProcessTest, SaysWhatIsMissingBeforeAnythingRuns) {
  Command command;
  command.argv = {"no-such-program"};
  command.environment = Variables{{"PATH", "/usr/bin:/bin"}};
  const auto missing = Process::Start(command);
  command.argv = {"/etc/passwd"};
  const auto not_a_program = Process::Start(command);
  command.argv = {"/bin/true"};
  command.directory = "/no/such/folder";
  const auto no_folder = Process::Start(command);

  ASSERT_TRUE(missing.Is(base::Code::kNotFound));
  EXPECT_EQ(missing.error().message(), "no program \"no-such-program\" in PATH \"/usr/bin:/bin\"");
  EXPECT_TRUE(not_a_program.Is(base::Code::kDenied));
  ASSERT_TRUE(no_folder.Is(base::Code::kNotFound));
  EXPECT_THAT(no_folder.error().message(), HasSubstr("/no/such/folder"));
}

TEST_F(ProcessTest, EndsTheWholeGroupAtTheDeadlineAndShowsWhatItWrote) {
  Command command = Shell("echo started; sleep 1000 & sleep 1000");
  const auto exit = RunToTheDeadlineAfterALine(std::move(command));

  ASSERT_TRUE(exit.Is(base::Code::kTimeout));
  EXPECT_THAT(exit.error().message(), HasSubstr("it wrote: started"));
}

TEST_F(ProcessTest, EndsWhenStoppedFromAnotherThread) {
  std::stop_source stop;
  Command command = Shell("echo ready; exec sleep 1000");
  command.on_line = [&](std::string_view) { stop.request_stop(); };

  const auto exit = sys::Run(command, base::Until::After(clock_, seconds(60), stop.get_token()));

  EXPECT_TRUE(exit.Is(base::Code::kCancelled));
}

TEST_F(ProcessTest, KillsAChildThatIgnoresTheTermination) {
  std::stop_source stop;
  Command command = Shell("trap '' TERM; echo ready; while :; do sleep 1; done");
  command.on_line = [&](std::string_view) { stop.request_stop(); };
  Process process = *Process::Start(std::move(command));

  const auto exit = process.Wait(Within(seconds(60)).Stopping(stop.get_token()), milliseconds(100));

  EXPECT_TRUE(exit.Is(base::Code::kCancelled));
  EXPECT_FALSE(process.Running());
}

TEST_F(ProcessTest, IsNotHeldUpByAGrandchildThatKeepsThePipe) {
  const auto exit = sys::Run(Shell("sleep 1000 & echo done"), Within(seconds(60)));

  ASSERT_TRUE(exit.ok()) << exit.error().message();
  EXPECT_EQ(exit->output, "done\n");
}

TEST_F(ProcessTest, WaitsForTheWholeOutputWhenAskedTo) {
  Command command = Shell("echo first; (sleep 0.3; echo late) &");
  command.whole_output = true;
  const auto exit = sys::Run(command, Within(seconds(60)));

  ASSERT_TRUE(exit.ok()) << exit.error().message();
  EXPECT_EQ(exit->output, "first\nlate\n");
}

TEST_F(ProcessTest, TheDeadlineHoldsForTheWholeOutputToo) {
  Command command = Shell("sleep 1000 & echo first");
  command.whole_output = true;
  const auto exit = RunToTheDeadlineAfterALine(std::move(command));

  ASSERT_TRUE(exit.Is(base::Code::kTimeout));
  EXPECT_THAT(exit.error().message(), HasSubstr("first"));
}

TEST_F(ProcessTest, WhatWasLeftInTheBackgroundLivesUntilDestruction) {
  const TempDir folder = *TempDir::Make();
  const std::string file = (folder.path() / "late").string();
  auto process =
      Process::Start(Shell("(sleep 0.3; echo done >" + file + "; sleep 60) >/dev/null 2>&1 &"));
  ASSERT_TRUE(process.ok());
  ASSERT_TRUE(process->Wait(Within(seconds(60))).ok());

  const auto until = Within(seconds(60));
  while (!ReadFile(file).ok() && until.Pause(milliseconds(20))) {
  }
  EXPECT_TRUE(ReadFile(file).ok());
}

TEST_F(ProcessTest, KillsTheGroupOnDestruction) {
  pid_t grandchild = 0;
  {
    Command command = Shell("sleep 1000 & echo $!");
    command.on_line = [&](std::string_view line) { grandchild = std::stoi(std::string(line)); };
    Process process = *Process::Start(command);
    ASSERT_TRUE(process.Wait(Within(seconds(60))).ok());
    ASSERT_EQ(kill(grandchild, 0), 0);
  }
  // The kill is sent before the destructor returns; its new parent reaps it whenever it likes.
  const base::Until until = Within(seconds(60));
  const auto gone = [&] {
    const auto status = ReadFile(fmt::format("/proc/{}/stat", grandchild));
    return !status.ok() || status->find(") Z ") != std::string::npos;
  };
  while (!gone() && until.Pause(milliseconds(1))) {
  }
  EXPECT_TRUE(gone());
}

TEST_F(ProcessTest, PutsTheCommandAndItsLastWordsIntoTheError) {
  const auto output = RunOrFail(Shell("echo 'the reason'; exit 4"), Within(seconds(60)));

  ASSERT_TRUE(output.Is(base::Code::kInternal));
  EXPECT_EQ(output.error().message(),
            "sh -c echo 'the reason'; exit 4: exit status 4; it wrote: the reason");
}

}  // namespace
}  // namespace sys
