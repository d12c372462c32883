// Under sudo: what is made for the calling user is the calling user's, and nothing else is.

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "sys/files.h"
#include "sys/process.h"

namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr uid_t kUser = 65533;
constexpr char kObject[] = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";

uid_t OwnerOf(const fs::path& path) {
  struct stat found {};
  EXPECT_EQ(lstat(path.c_str(), &found), 0) << path;
  return found.st_uid;
}

class SudoTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* programs = std::getenv("SEATRIAL_PROGRAM_DIR");
    ASSERT_TRUE(programs) << "run by ctest";
    ASSERT_EQ(geteuid(), 0u) << "needs root";
    fs::permissions(folder_.path(),
                    fs::perms::owner_all | fs::perms::others_read | fs::perms::others_exec);
    program_ = (folder_.path() / "seatrial").string();  // where the user can reach it
    fs::copy_file(std::string(programs) + "/seatrial", program_);
  }
  void TearDown() override { AsRoot({"down", "--name", "sudo"}); }

  sys::Exit Do(std::vector<std::string> argv, bool in_sudo) {
    sys::Command command;
    command.argv = std::move(argv);
    command.directory = folder_.path().string();
    command.environment = sys::Environment();
    if (in_sudo) {
      (*command.environment)["SUDO_UID"] = std::to_string(kUser);
      (*command.environment)["SUDO_GID"] = std::to_string(kUser);
    }
    const auto exit =
        sys::Run(std::move(command), base::Until::After(clock_, std::chrono::seconds(120)));
    EXPECT_TRUE(exit.ok());
    return exit.ok() ? *exit : sys::Exit{.status = -1, .signal = 0, .output = ""};
  }
  // With sudo.
  sys::Exit AsRoot(std::vector<std::string> words) {
    words.insert(words.begin(), program_);
    words.insert(words.end(), {"--state-dir", State()});
    return Do(std::move(words), true);
  }
  // The same user without it.
  sys::Exit AsUser(std::vector<std::string> argv) {
    const std::string id = std::to_string(kUser);
    std::vector<std::string> whole = {"setpriv", "--reuid", id, "--regid", id, "--clear-groups"};
    whole.insert(whole.end(), argv.begin(), argv.end());
    return Do(std::move(whole), false);
  }

  std::string State() const { return (folder_.path() / "state").string(); }

  base::SystemClock clock_;
  sys::TempDir folder_ = *sys::TempDir::Make("sudo-test");
  std::string program_;
};

TEST_F(SudoTest, TheClusterAndTheReportsAreTheCallingUsers) {
  const auto up = AsRoot({"up", "--name", "sudo", "--level", "api"});
  ASSERT_EQ(up.status, 0) << up.output;

  const auto path =
      AsUser({program_, "kubeconfig", "--name", "sudo", "--path", "--state-dir", State()});
  EXPECT_EQ(path.status, 0) << path.output;
  const std::string kubeconfig(base::Trim(path.output));
  EXPECT_EQ(AsUser({"cat", kubeconfig}).status, 0);
  EXPECT_THAT(AsUser({program_, "status", "--state-dir", State()}).output, HasSubstr("sudo: runs"));
  EXPECT_NE(AsUser({"cat", State() + "/sudo/pki/ca.key"}).status, 0) << "keys stay root's";

  // A failing test leaves artifacts and a report; what lay there before stays root's.
  const fs::path out = folder_.path() / "out";
  ASSERT_TRUE(sys::MakeDirs(out).ok());
  ASSERT_TRUE(sys::MakeDirs(folder_.path() / "suite" / "test").ok());
  ASSERT_TRUE(sys::WriteFileAtomically(folder_.path() / "suite/test/00-assert.yaml", kObject).ok());
  const auto tested =
      AsRoot({"test", "--kubeconfig", kubeconfig, "--timeout", "1", "--cleanup-timeout", "1",
              "--skip-delete", "--report", "xml", "--artifacts-dir", out.string(), "suite"});
  EXPECT_EQ(tested.status, 1) << tested.output;
  EXPECT_EQ(OwnerOf(out / "kuttl-report.xml"), kUser);
  EXPECT_EQ(OwnerOf(out / "test"), kUser);
  for (const auto& entry : fs::recursive_directory_iterator(out / "test"))
    EXPECT_EQ(OwnerOf(entry.path()), kUser) << entry.path();
  EXPECT_EQ(OwnerOf(folder_.path() / "suite"), 0u) << "no part of the run";
}

}  // namespace
