#include "cluster/engine/runtime_wrapper.h"

#include <unistd.h>

#include <gtest/gtest.h>

#include "sys/files.h"
#include "sys/process.h"

namespace cluster::engine {
namespace {

using value::Json;

TEST(RuntimeWrapperTest, FindsTheBundleOfCreateAndRun) {
  EXPECT_EQ(FindProcessFile({"--root", "/run/r", "--log", "l", "create", "--bundle", "/b",
                             "--pid-file", "p", "id"}),
            (ProcessFile{"/b/config.json", false}));
  EXPECT_EQ(FindProcessFile({"run", "--bundle=/b", "id"}), (ProcessFile{"/b/config.json", false}));
  EXPECT_EQ(FindProcessFile({"run", "id"}), (ProcessFile{"./config.json", false}));
}

TEST(RuntimeWrapperTest, FindsTheProcessFileOfExec) {
  EXPECT_EQ(FindProcessFile({"--root", "/r", "exec", "--process", "/p.json", "--detach", "id"}),
            (ProcessFile{"/p.json", true}));
  EXPECT_EQ(FindProcessFile({"exec", "id", "true"}), std::nullopt);
}

TEST(RuntimeWrapperTest, LeavesCapabilitiesThatAreNoneToTheRuntime) {
  for (const char* text : {R"({"capabilities":999})", R"({"capabilities":["CAP_SYS_RESOURCE"]})"}) {
    Json process = Json::parse(text);
    Restrain(process, 0);
    EXPECT_EQ(process, Json::parse(text));
  }
}

TEST(RuntimeWrapperTest, LeavesOtherCommandsAlone) {
  EXPECT_EQ(FindProcessFile({"--root", "/r", "delete", "--force", "id"}), std::nullopt);
  EXPECT_EQ(FindProcessFile({"--version"}), std::nullopt);
  EXPECT_EQ(FindProcessFile({}), std::nullopt);
}

TEST(RuntimeWrapperTest, TakesOutWhatTheMachineCannotGive) {
  Json process = Json::parse(R"({
    "args": ["sh"],
    "capabilities": {"bounding": ["CAP_CHOWN", "CAP_SYS_RESOURCE"], "ambient": null},
    "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1048576, "soft": 1048576}],
    "oomScoreAdj": -500})");
  Restrain(process, -100);
  EXPECT_EQ(process, Json::parse(R"({
    "args": ["sh"],
    "capabilities": {"bounding": ["CAP_CHOWN"], "ambient": []},
    "oomScoreAdj": -100})"));
}

TEST(RuntimeWrapperTest, LeavesAProcessThatAsksForNothingOfIt) {
  const Json wanted = Json::parse(R"({"args": ["sh"], "oomScoreAdj": 1000})");
  Json process = wanted;
  Restrain(process, 0);
  EXPECT_EQ(process, wanted);
  process = Json::parse(R"({"args": ["sh"]})");
  Restrain(process, 0);
  EXPECT_FALSE(process.contains("oomScoreAdj"));
}

class WrapperProcessTest : public testing::Test {
 protected:
  // What the wrapper, in a child of this test, prints and how it ends; runc is `program`.
  std::string Wrap(const std::string& program, const std::string& bundle) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      dup2(ends[1], STDOUT_FILENO);
      dup2(ends[1], STDERR_FILENO);
      _exit(RunRuntimeWrapper({program, "run", "--bundle", bundle}));
    }
    close(ends[1]);
    std::string output;
    char buffer[512];
    for (ssize_t count; (count = read(ends[0], buffer, sizeof buffer)) > 0;)
      output.append(buffer, static_cast<size_t>(count));
    close(ends[0]);
    return output;
  }

  sys::TempDir folder_ = *sys::TempDir::Make("seatrial-wrapper-test");
};

TEST_F(WrapperProcessTest, BecomesTheRuntimeWithARestrainedBundle) {
  const auto config = folder_.path() / "config.json";
  ASSERT_TRUE(
      sys::WriteFileAtomically(config,
                               R"({"ociVersion": "1.0.2", "process": {"capabilities": {"effective":
                      ["CAP_SYS_RESOURCE", "CAP_KILL"]}, "rlimits": []}})")
          .ok());
  EXPECT_EQ(Wrap("/bin/echo", folder_.path().string()),
            "run --bundle " + folder_.path().string() + "\n");
  EXPECT_EQ(Json::parse(*sys::ReadFile(config)),
            Json::parse(R"({"ociVersion": "1.0.2", "process": {"capabilities": {"effective":
                            ["CAP_KILL"]}}})"));
}

TEST_F(WrapperProcessTest, RunsNothingWhenTheBundleIsNoBundle) {
  EXPECT_NE(Wrap("/bin/echo", folder_.path().string()).find("config.json"), std::string::npos);
  ASSERT_TRUE(sys::WriteFileAtomically(folder_.path() / "config.json", "[]").ok());
  EXPECT_NE(Wrap("/bin/echo", folder_.path().string()).find("not the description of a container"),
            std::string::npos);
  ASSERT_TRUE(sys::WriteFileAtomically(folder_.path() / "config.json", R"({"process": 7})").ok());
  EXPECT_NE(Wrap("/bin/echo", folder_.path().string()).find("not the description of a container"),
            std::string::npos);
}

}  // namespace
}  // namespace cluster::engine
