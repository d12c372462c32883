// The seatrial program on a whole cluster: the language beyond kuttl, under kuttl too; what happens
// to a run that is interrupted or killed.

#include <csignal>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "kube/client.h"
#include "kube/kubeconfig.h"
#include "kube/store.h"
#include "sys/files.h"
#include "sys/process.h"
#include "sys/testing/places.h"
#include "trial/gc.h"
#include "trial/testing/program.h"
#include "trial/testing/suite_files.h"

namespace trial {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::SuiteFiles;

const kube::Kind kClusterRole{"rbac.authorization.k8s.io", "v1", "ClusterRole"};
const kube::Kind kNamespace{"", "v1", "Namespace"};

// One cluster for all tests of the class.
class LanguageNodeTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<sys::TempDir>(*sys::TempDir::Make("language-node"));
    const sys::Exit up = Seatrial({"up", "--level", "node"});
    ASSERT_EQ(up.status, 0) << up.output;
    const std::string path(base::Trim(Seatrial({"kubeconfig", "--path"}).output));
    kubeconfig_ = path;
    client_ = kube::MakeClient(*kube::LoadKubeconfig(path), base::Log::Nowhere());
  }
  static void TearDownTestSuite() {
    client_ = nullptr;
    EXPECT_EQ(Seatrial({"down"}).status, 0);
    folder_ = nullptr;
  }

  static sys::Command Command(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin() + 1, {"--state-dir", folder_->path() / "state"});
    return testing::SeatrialCommand(std::move(arguments));
  }

  static sys::Exit Seatrial(std::vector<std::string> arguments) {
    return testing::RunWithin(240s, Command(std::move(arguments)));
  }

  base::Until Soon() { return base::Until::After(clock_, 60s); }
  // For a run that ends: it waits for its namespaces to go.
  base::Until Patient() { return base::Until::After(clock_, 120s); }

  // A run that waits for what never comes, as soon as it has made its objects.
  sys::Process StartWaitingRun(const std::string& suite, const std::string& role) {
    auto process =
        sys::Process::Start(Command({"test", "--cluster", "seatrial", "--report", "json",
                                     "--artifacts-dir", (folder_->path() / role).string(), suite}));
    EXPECT_TRUE(process.ok());
    kube::Store store(*client_, {kClusterRole, "", {}}, clock_, base::Log::Nowhere());
    EXPECT_TRUE(
        store.WaitFor(
                 [&](const auto& now) {
                   return now.objects.count({"", role}) != 0;
                 },
                 Soon())
            .ok());
    return *std::move(process);
  }

  static SuiteFiles WaitingSuite(const std::string& role) {
    return {{"suite/waits/00-go.yaml",
             "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n"
             "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: " +
                 role + "}\n"},
            {"suite/waits/00-assert.yaml",
             "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: never}\n---\n"
             "apiVersion: kuttl.dev/v1beta1\nkind: TestAssert\ntimeout: 200\n"}};
  }

  base::SystemClock clock_;
  static inline std::unique_ptr<sys::TempDir> folder_;
  static inline std::string kubeconfig_;
  static inline std::unique_ptr<kube::Client> client_;
};

TEST_F(LanguageNodeTest, TheSuiteOfOurFieldsPassesHereAndUnderKuttl) {
  const sys::Exit ours = Seatrial({"test", "--cluster", "seatrial", "-v", "--strict", "--timeout",
                                   "120", "test/suites/language"});
  EXPECT_EQ(ours.status, 0) << ours.output;
  EXPECT_THAT(ours.output, HasSubstr("2 tests: 2 passed"));

  sys::Command build;
  build.argv = {sys::testing::SourceFolder() / "tools/peers/build"};
  const auto peers = sys::RunOrFail(std::move(build), base::Until::After(clock_, 240s));
  ASSERT_TRUE(peers.ok()) << peers.error().message();
  const auto lines = base::Split(base::Trim(*peers), '\n');
  sys::Command kuttl;
  kuttl.argv = {lines.back() + "/kubectl-kuttl",
                "test",
                "--timeout",
                "120",
                "--artifacts-dir",
                (folder_->path() / "kuttl").string(),
                sys::testing::SourceFolder() / "test/suites/language"};
  kuttl.directory = folder_->path();
  auto environment = sys::Environment();
  environment["KUBECONFIG"] = kubeconfig_;
  environment["PATH"] = environment["SEATRIAL_KUBERNETES_BIN"] + ":" + environment["PATH"];
  kuttl.environment = std::move(environment);
  const auto theirs = sys::Run(std::move(kuttl), base::Until::After(clock_, 240s));
  ASSERT_TRUE(theirs.ok());
  EXPECT_EQ(theirs->status, 0) << theirs->output;
}

TEST_F(LanguageNodeTest, GcRemovesWhatAKilledRunLeft) {
  const SuiteFiles suite = WaitingSuite("left-by-a-killed-run");
  sys::Process run = StartWaitingRun(suite.Path("suite"), "left-by-a-killed-run");
  const auto alive = FindRuns(*client_, Soon());
  ASSERT_TRUE(alive.ok());
  ASSERT_EQ(alive->size(), 1u);
  EXPECT_EQ(alive->front().state, RunState::kAlive);
  const sys::Exit spared = Seatrial({"gc", "--cluster", "seatrial"});
  EXPECT_THAT(spared.output, HasSubstr("is alive: left alone"));

  run.Signal(SIGKILL);
  (void)run.Wait(Patient());
  const sys::Exit gc = Seatrial({"gc"});

  EXPECT_EQ(gc.status, 0) << gc.output;
  EXPECT_THAT(gc.output, HasSubstr("is dead: removing its 1 namespaces"));
  EXPECT_THAT(gc.output, HasSubstr("1 namespaces and 1 objects outside of them removed"));
  EXPECT_TRUE(client_->Get(kNamespace, {"", alive->front().namespaces.at(0)}, Soon())
                  .Is(base::Code::kNotFound));
  EXPECT_TRUE(
      client_->Get(kClusterRole, {"", "left-by-a-killed-run"}, Soon()).Is(base::Code::kNotFound));
  EXPECT_TRUE(FindRuns(*client_, Soon())->empty());
}

TEST_F(LanguageNodeTest, ARunThatIsTerminatedRemovesEverythingAndStillWritesItsReport) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const std::string role = "signal-" + std::to_string(signal);
    const SuiteFiles suite = WaitingSuite(role);
    sys::Process run = StartWaitingRun(suite.Path("suite"), role);

    kill(run.pid(), signal);
    const auto exit = run.Wait(Patient());

    ASSERT_TRUE(exit.ok()) << exit.error().message();
    EXPECT_EQ(exit->status, 130) << exit->output;
    const auto report = sys::ReadFile(folder_->path() / role / "kuttl-report.json");
    ASSERT_TRUE(report.ok()) << exit->output;
    EXPECT_THAT(*report, HasSubstr("interrupted"));
    EXPECT_TRUE(client_->Get(kClusterRole, {"", role}, Soon()).Is(base::Code::kNotFound));
    EXPECT_TRUE(FindRuns(*client_, Soon())->empty());
  }
}

}  // namespace
}  // namespace trial
