// What `seatrial` tells about itself: completion scripts and the manual page hold every command and
// flag of --help.

#include <cstdlib>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/process.h"

namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class WordsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* folder = std::getenv("SEATRIAL_PROGRAM_DIR");
    ASSERT_TRUE(folder) << "run by ctest";
    program_ = std::string(folder) + "/seatrial";
  }

  std::string Output(const std::vector<std::string>& argv) {
    const auto exit =
        sys::Run({.argv = argv}, base::Until::After(clock_, std::chrono::seconds(60)));
    EXPECT_TRUE(exit.ok() && exit->ok()) << argv.back();
    return exit.ok() ? exit->output : "";
  }
  std::string Seatrial(std::vector<std::string> words) {
    words.insert(words.begin(), program_);
    return Output(words);
  }

  // What bash offers for a line whose last word is unfinished.
  std::string Completed(const std::string& line, int words) {
    return Output({"bash", "-c",
                   Seatrial({"completion", "bash"}) + "COMP_WORDS=(" + line + "); COMP_CWORD=" +
                       std::to_string(words) + "; _seatrial; echo ${COMPREPLY[@]}"});
  }

  base::SystemClock clock_;
  std::string program_;
};

TEST_F(WordsTest, BashCompletesCommandsFlagsAndValues) {
  EXPECT_EQ(Completed("seatrial kubec", 1), "kubeconfig\n");
  EXPECT_EQ(Completed("seatrial up --api", 2), "--api-port\n");
  EXPECT_EQ(Completed("seatrial test x --report-g", 3), "--report-granularity\n");
  EXPECT_EQ(Completed("seatrial fault ki", 2), "kill\n");
  EXPECT_EQ(Completed("seatrial fault kill --na", 3), "--name\n");
  EXPECT_EQ(Completed("seatrial run --runner k", 3), "kuttl\n");
}

TEST_F(WordsTest, EveryShellKnowsEveryCommand) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    const std::string script = Seatrial({"completion", shell});
    for (const char* word : {"down", "kubeconfig", "granularity", "kuttl", "fault kill"})
      EXPECT_THAT(script, HasSubstr(word)) << shell;
  }
}

TEST_F(WordsTest, TheManualPageHasWhatHelpHas) {
  const std::string page = Seatrial({"man"});
  EXPECT_THAT(page, StartsWith(".TH SEATRIAL 1 "));
  for (const char* part :
       {".SH NAME\nseatrial \\- ", ".SH SYNOPSIS", ".SH ENVIRONMENT", "\n.SS ",
        "\\fB\\-\\-report\\-granularity\\fR \\fI{step,test}\\fR", "\\fBseatrial fault kill\\fR"})
    EXPECT_THAT(page, HasSubstr(part));
}

}  // namespace
