// Steps on another cluster than the run's, against two real API servers.

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/testing/api_server.h"
#include "trial/testing/suite_fixture.h"

namespace trial {
namespace {

using namespace std::chrono_literals;
using kube::testing::ApiServer;
using kube::testing::SharedApiServer;
using testing::ConfigMap;
using ::testing::HasSubstr;
using testing::SuiteFiles;

const kube::Kind kConfigMap{"", "v1", "ConfigMap"};

std::string StepOf(const std::string& fields) {
  return testing::StepOf(fields) + "\n---\n";
}

class TestClustersApiTest : public testing::SuiteFixture {
 protected:
  TestClustersApiTest() : SuiteFixture("clusters") {}

  static void SetUpTestSuite() {
    (void)SharedApiServer();  // the longest living first
    base::SystemClock clock;
    const auto until = base::Until::After(clock, 120s);
    const auto programs = kube::testing::KubernetesPrograms(until);
    ASSERT_TRUE(programs.ok()) << programs.error().message();
    auto started = ApiServer::Start(*programs, until);
    ASSERT_TRUE(started.ok()) << started.error().message();
    other_ = *std::move(started);
  }
  static void TearDownTestSuite() { other_.reset(); }

  // One kubeconfig with both clusters: "main" is the current context, "other" the other cluster's.
  static std::string BothContexts() {
    const std::string main = kube::WriteKubeconfig(SharedApiServer().Admin(), "main");
    const std::string other = kube::WriteKubeconfig(other_->Admin(), "other");
    value::Json both = value::ParseYaml(main, "main").documents[0].json;
    const value::Json more = value::ParseYaml(other, "other").documents[0].json;
    for (const char* list : {"clusters", "contexts", "users"}) both[list].push_back(more[list][0]);
    return value::ToYaml(both);
  }

  void Adjust(RunSettings& settings) override {
    settings.kubeconfig_files = {settings.working_directory / "both"};
    settings.scope = WatchScope::kNamespace;
  }

  bool Has(kube::Client& client, const std::string& name) {
    return client.Get(kConfigMap, {events_.tests["t"].ns, name}, Soon()).ok();
  }

  std::unique_ptr<kube::Client> other_client_ =
      kube::MakeClient(other_->Admin(), base::Log::Nowhere());
  static inline std::unique_ptr<ApiServer> other_;
};

TEST_F(TestClustersApiTest, AStepWithAKubeconfigWorksOnThatClusterOnly) {
  config_.skip_delete = true;
  const SuiteFiles files = {
      {"suite/t/other.kubeconfig", kube::WriteKubeconfig(other_->Admin(), "x")},
      {"suite/t/00-here.yaml", ConfigMap("here")},
      {"suite/t/01-there.yaml",
       StepOf("kubeconfig: other.kubeconfig\ncommands: [{script: test \"$KUBECONFIG\" = "
              "\"$PWD/other.kubeconfig\"}]") +
           ConfigMap("there")},
      {"suite/t/01-assert.yaml", ConfigMap("there")},
      {"suite/t/01-errors.yaml", ConfigMap("here")},
      {"suite/t/02-assert.yaml", ConfigMap("here")},
      {"suite/t/02-errors.yaml", ConfigMap("there")},
  };

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kPassed) << Messages();

  EXPECT_TRUE(Has(*client_, "here"));
  EXPECT_FALSE(Has(*client_, "there"));
  EXPECT_TRUE(Has(*other_client_, "there"));
  EXPECT_FALSE(Has(*other_client_, "here"));
}

TEST_F(TestClustersApiTest, ContextsOfOneFileAreClustersOfTheirOwnAlsoForCommands) {
  config_.skip_delete = true;
  const SuiteFiles files = {
      {"both", BothContexts()},
      {"suite/t/00-there.yaml", StepOf("kubeconfig: ../../both\ncontext: other\ncommands:\n"
                                       "- script: grep -q 'current-context..*other' $KUBECONFIG") +
                                    ConfigMap("there")},
      {"suite/t/01-here.yaml", StepOf("kubeconfig: ../../both\ncontext: main") + ConfigMap("here")},
      {"suite/t/02-alone.yaml", StepOf("context: other") + ConfigMap("alone")},
  };

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kPassed) << Messages();

  EXPECT_TRUE(Has(*other_client_, "there"));
  EXPECT_TRUE(Has(*client_, "here"));
  EXPECT_TRUE(Has(*other_client_, "alone")) << "a context alone is one of the run's own kubeconfig";
}

TEST_F(TestClustersApiTest, ALazyKubeconfigMayBeWrittenByAStepBeforeIt) {
  config_.skip_delete = true;
  const SuiteFiles files = {
      {"hidden", kube::WriteKubeconfig(other_->Admin(), "x")},
      {"suite/t/00-make.yaml", StepOf("commands: [{script: cp ../../hidden made}]")},
      {"suite/t/01-there.yaml",
       StepOf("kubeconfig: made\nkubeconfigLoading: Lazy") + ConfigMap("there")},
  };

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kPassed) << Messages();
  EXPECT_TRUE(Has(*other_client_, "there"));
}

TEST_F(TestClustersApiTest, AnEagerKubeconfigThatIsMissingFailsBeforeTheFirstStep) {
  const SuiteFiles files = {
      {"suite/t/00-here.yaml", ConfigMap("here")},
      {"suite/t/01-there.yaml", StepOf("kubeconfig: made\n")},
  };

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kErrored);

  ASSERT_FALSE(events_.failures.empty());
  EXPECT_THAT(events_.failures[0].message, HasSubstr("made"));
  EXPECT_THAT(events_.failures[0].Place(), HasSubstr("01-there.yaml:3"));
  EXPECT_FALSE(Has(*client_, "here"));
}

TEST_F(TestClustersApiTest, WhatATestMadeOnAnotherClusterIsRemovedThere) {
  const SuiteFiles files = {
      {"suite/t/other.kubeconfig", kube::WriteKubeconfig(other_->Admin(), "x")},
      {"suite/t/00-there.yaml",
       StepOf("kubeconfig: other.kubeconfig") +
           "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: "
           "left-there\nrules: []\n"},
  };

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kPassed) << Messages();

  const kube::Kind role{"rbac.authorization.k8s.io", "v1", "ClusterRole"};
  EXPECT_TRUE(other_client_->Get(role, {"", "left-there"}, Soon()).Is(base::Code::kNotFound));
  const auto ns = other_client_->Get({"", "v1", "Namespace"}, {"", events_.tests["t"].ns}, Soon());
  ASSERT_TRUE(ns.ok()) << "there is no controller-manager that would empty it";
  EXPECT_TRUE(ns->deleting());
}

TEST_F(TestClustersApiTest, RequestsAreMadeAsTheImpersonatedUser) {
  kube::ClusterAccess access = SharedApiServer().Admin();
  access.impersonate = "nobody-in-particular";
  const auto client = kube::MakeClient(access, base::Log::Nowhere());

  const auto answer = client->List({"", "v1", "Secret"}, {"default", {}, ""}, Soon());

  ASSERT_TRUE(answer.Is(base::Code::kDenied));
  EXPECT_THAT(answer.error().message(), HasSubstr("nobody-in-particular"));
}

}  // namespace
}  // namespace trial
