#include "sys/piped_process.h"

#include <fcntl.h>
#include <signal.h>

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crew.h"
#include "sys/files.h"

namespace sys {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

class PipedProcessTest : public testing::Test {
 protected:
  base::Until Within(base::Duration span) { return base::Until::After(clock_, span); }
  std::unique_ptr<PipedProcess> Shell(std::string script) {
    Command command;
    command.argv = {"sh", "-c", std::move(script)};
    auto child = PipedProcess::Start(std::move(command), clock_);
    EXPECT_TRUE(child.ok()) << child.error().message();
    return child.ok() ? *std::move(child) : nullptr;
  }
  std::string ReadAll(PipedProcess& child) {
    std::string all;
    uint8_t buffer[4096];
    while (true) {
      auto got = child.Read(buffer, sizeof buffer, Within(seconds(60)));
      EXPECT_TRUE(got.ok()) << got.error().message();
      if (!got.ok() || *got == 0) return all;
      all.append(reinterpret_cast<char*>(buffer), *got);
    }
  }

  base::SystemClock clock_;
};

TEST_F(PipedProcessTest, StreamsStdoutAndKeepsStderr) {
  auto child = Shell("echo one; echo oops >&2; echo two; exit 3");

  EXPECT_EQ(ReadAll(*child), "one\ntwo\n");
  auto exit = child->Wait(Within(seconds(60)));

  ASSERT_TRUE(exit.ok()) << exit.error().message();
  EXPECT_EQ(exit->status, 3);
  EXPECT_EQ(exit->output, "oops\n");
}

TEST_F(PipedProcessTest, IsNotHeldUpByMuchOnStderrWhileStdoutIsNotRead) {
  auto child =
      Shell("i=0; while [ $i -lt 20000 ]; do echo 0123456789 >&2; i=$((i+1)); done; echo x");

  EXPECT_EQ(ReadAll(*child), "x\n");
  EXPECT_EQ(child->Wait(Within(seconds(60)))->output.size(), 220000U);
}

TEST_F(PipedProcessTest, StopsReadingWhenAskedAndKillsTheChildAtTheEnd) {
  auto child = Shell("sleep 1000");
  std::stop_source stop;
  base::Crew crew;
  crew.Start("stopper", [&](const std::stop_token&) { stop.request_stop(); });
  uint8_t byte = 0;

  auto got = child->Read(&byte, 1, Within(seconds(60)).Stopping(stop.get_token()));
  const pid_t pid = child->pid();
  child.reset();

  EXPECT_TRUE(got.Is(base::Code::kCancelled));
  EXPECT_THAT(got.error().message(), HasSubstr("stopped while reading from sh"));
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST_F(PipedProcessTest, SaysWhichProgramIsNotThere) {
  Command command;
  command.argv = {"/nonexistent/program"};

  auto child = PipedProcess::Start(std::move(command), clock_);

  EXPECT_TRUE(child.Is(base::Code::kNotFound));
  EXPECT_THAT(child.error().message(), HasSubstr("/nonexistent/program"));
}

TEST_F(PipedProcessTest, GivesTheChildItsDescriptorsAndNoOthers) {
  const TempDir folder = *TempDir::Make();
  std::ofstream(folder.path() / "given") << "given";
  const Fd given(open((folder.path() / "given").c_str(), O_RDONLY | O_CLOEXEC));
  const Fd leaked(fcntl(given.get(), F_DUPFD, 50));  // without close-on-exec
  ASSERT_EQ(leaked.get(), 50);
  Command command;
  command.argv = {"sh", "-c", "cat <&3; test ! -e /proc/$$/fd/50 && echo ' and nothing else'"};
  command.descriptors = {given.get()};
  command.inherit_others = false;

  auto child = PipedProcess::Start(std::move(command), clock_);

  ASSERT_TRUE(child.ok()) << child.error().message();
  EXPECT_EQ(ReadAll(**child), "given and nothing else\n");
}

TEST_F(PipedProcessTest, LetsTheCallerExecuteTheProgramItself) {
  Command command;
  command.argv = {"sh", "-c", "echo $0"};
  command.execute = [](const char*, char* const[], char* const envp[]) {
    char* argv[] = {const_cast<char*>("renamed"), const_cast<char*>("-c"),
                    const_cast<char*>("echo $0"), nullptr};
    execve("/bin/sh", argv, envp);
    return errno;
  };
  auto child = PipedProcess::Start(command, clock_);
  ASSERT_TRUE(child.ok()) << child.error().message();
  EXPECT_EQ(ReadAll(**child), "renamed\n");

  command.execute = [](const char*, char* const[], char* const[]) { return EPERM; };
  EXPECT_TRUE(PipedProcess::Start(command, clock_).Is(base::Code::kDenied));
}

}  // namespace
}  // namespace sys
