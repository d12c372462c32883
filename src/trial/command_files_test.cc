#include "trial/command_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trial {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Text(const std::vector<NamedFile>& files) {
  std::vector<std::string> text;
  for (const NamedFile& one : files)
    text.push_back((one.kind == NamedFile::Kind::kProgram ? "program " : "script ") + one.path);
  return text;
}

TEST(CommandFilesTest, ACommandNamesItsProgramAndTheScriptOfAnInterpreter) {
  EXPECT_THAT(Text(FilesOfCommand({"kubectl", "apply", "-f", "x.yaml"})),
              ElementsAre("program kubectl"));
  EXPECT_THAT(Text(FilesOfCommand({"sh", "-eu", "check.sh", "a"})),
              ElementsAre("program sh", "script check.sh"));
  EXPECT_THAT(Text(FilesOfCommand({"sh", "-c", "./x.sh"})), ElementsAre("program sh"));
  EXPECT_THAT(Text(FilesOfCommand({"python3", "-m", "x.py"})), ElementsAre("program python3"));
  EXPECT_THAT(Text(FilesOfCommand({})), IsEmpty());
}

TEST(CommandFilesTest, AScriptNamesTheFilesThatItsCommandsStart) {
  EXPECT_THAT(Text(FilesOfScript(R"(set -e
# ./comment.sh
./one.sh a b && sh two.sh; NAME=x ../three
if ! ./four.sh; then exit 1; fi
. lib/five.sh
kubectl apply -f ./six.yaml | grep -q "./seven.sh"
bash \
  eight.sh
)")),
              ElementsAre("program ./one.sh", "script two.sh", "program ../three",
                          "program ./four.sh", "script lib/five.sh", "script eight.sh"));
}

TEST(CommandFilesTest, LeavesOutWhatCannotBeTold) {
  EXPECT_THAT(Text(FilesOfScript("$DIR/a.sh\n./*.sh\n~/b.sh\n./$(c).sh\nsh -c './d.sh'\n")),
              IsEmpty());
  EXPECT_THAT(Text(FilesOfScript("cd sub\n./a.sh\n")), IsEmpty()) << "elsewhere";
  EXPECT_THAT(Text(FilesOfScript("curl -o ./a.sh http://x\n./a.sh\n")), IsEmpty()) << "made here";
  EXPECT_THAT(Text(FilesOfScript("cat <<END\n./a.sh\nEND\n")), IsEmpty()) << "a here-document";
  EXPECT_THAT(Text(FilesOfScript("echo 'one\n./a.sh\n'\n")), IsEmpty()) << "inside a quote";
}

}  // namespace
}  // namespace trial
