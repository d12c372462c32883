// The checker with the schemas of a real API server, and the built schemas held against them.

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/testing/api_server.h"
#include "schema/bundle.h"
#include "sys/files.h"
#include "trial/checker.h"
#include "trial/cluster_schemas.h"
#include "trial/loader.h"
#include "trial/testing/suite_files.h"

namespace trial {
namespace {

using namespace std::chrono_literals;
using base::Until;
using kube::testing::SharedApiServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::SuiteFiles;
using value::Json;

constexpr char kDeployment[] = R"(apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replcas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      restartPolicy: always
      containers:
      - name: web
        image: web:1
        ports: [{containerPort: "80"}]
        env: [{name: A, value: 1}]
        resources: {limits: {memory: 1GB}}
)";

constexpr char kJob[] = R"(apiVersion: vmafx.dev/v1
kind: VmafxJob
metadata:
  name: job
spec:
  sourceA: file:///a
  refrence: file:///b
)";

class CheckerApiTest : public ::testing::Test {
 protected:
  Until Soon() { return Until::After(clock_, 60s); }

  static std::filesystem::path Source() {
    const char* folder = std::getenv("SEATRIAL_SOURCE_DIR");
    return folder == nullptr ? "." : folder;
  }

  base::SystemClock clock_;
  std::unique_ptr<kube::Client> client_ =
      kube::MakeClient(SharedApiServer().Admin(), base::Log::Nowhere());
};

TEST_F(CheckerApiTest, FindsMistakesInADeploymentAndInACustomResource) {
  const SuiteFiles files({{"suite/a/00-web.yaml", kDeployment}, {"suite/a/01-job.yaml", kJob}});
  Problems problems(false);
  SuiteConfig config;
  const auto tests = LoadTests(files.Path("suite"), {{}, {}}, problems);
  const auto crds = LoadManifests((Source() / "deploy/helm/vmafx/crds").string(), problems);
  const auto plan = MakePlan(tests, "");
  const std::vector<Manifest> none;
  const LoadedFiles suite{config, *plan, crds, none};
  const auto wanted = GroupVersions(suite);
  EXPECT_THAT(wanted, ElementsAre("apiextensions.k8s.io/v1", "apps/v1", "vmafx.dev/v1"));
  schema::Catalog catalog;
  const auto version = AddClusterSchemas(
      *client_,
      [&](const std::string& one) {
        return std::find(wanted.begin(), wanted.end(), one) != wanted.end();
      },
      catalog, Soon());
  ASSERT_TRUE(version.ok()) << version.error().message();
  EXPECT_THAT(*version, ::testing::StartsWith("v1."));
  AddDefinitions(suite, catalog, problems);

  const ObjectCount count = CheckObjects(suite, catalog, problems);

  EXPECT_EQ(count.checked, 2 + crds.size());
  EXPECT_TRUE(count.unchecked.empty());
  std::string all;
  for (const auto& one : problems.all()) all += one.Format() + "\n";
  EXPECT_THAT(all, HasSubstr("00-web.yaml:6:3: Deployment web: .spec.replcas: unknown field (did "
                             "you mean \"replicas\"?)"));
  EXPECT_THAT(all,
              HasSubstr(":11:7: Deployment web: .spec.template.spec.restartPolicy: must be one "
                        "of Always, Never, OnFailure (did you mean \"Always\"?)"));
  EXPECT_THAT(all, HasSubstr("containers[0].ports[0].containerPort: must be a whole number"));
  EXPECT_THAT(all, HasSubstr("containers[0].env[0].value: must be a string, found 1"));
  EXPECT_THAT(all, HasSubstr("limits.memory: must be a quantity such as 100m or 2Gi"));
  EXPECT_THAT(all, HasSubstr("01-job.yaml:7:3: VmafxJob job: .spec.refrence: unknown field"));
  EXPECT_THAT(all, HasSubstr("01-job.yaml:5:1: VmafxJob job: .spec.reference: is required"));
  EXPECT_EQ(problems.all().size(), 9u) << all;
}

// What openapi.py leaves out of the documents.
void Strip(Json& node, bool names_fields) {
  if (node.is_array())
    for (Json& one : node) Strip(one, false);
  if (!node.is_object()) return;
  if (!names_fields) {
    for (const char* key :
         {"description", "example", "x-kubernetes-patch-strategy", "x-kubernetes-patch-merge-key"})
      node.erase(key);
  }
  for (auto& [key, value] : node.items()) Strip(value, key == "properties" && !names_fields);
}

TEST_F(CheckerApiTest, TheBuiltSchemasAreThoseOfTheApiServer) {
  const auto programs = kube::testing::KubernetesPrograms(Soon());
  ASSERT_TRUE(programs.ok());
  const auto text = sys::ReadFile(*programs / schema::kBundleName, size_t{64} << 20);
  ASSERT_TRUE(text.ok()) << text.error().message() << ": tools/kubernetes/build makes it";
  std::map<std::string, Json> built;
  for (size_t at = text->find('\n') + 1; at < text->size();) {
    const size_t tab = text->find('\t', at);
    const size_t end = text->find('\n', at);
    built[text->substr(at, tab - at)] = Json::parse(text->substr(tab + 1, end - tab - 1));
    at = end + 1;
  }
  for (const char* group_version :
       {"v1", "apps/v1", "batch/v1", "networking.k8s.io/v1", "rbac.authorization.k8s.io/v1",
        "apiextensions.k8s.io/v1", "policy/v1", "storage.k8s.io/v1"}) {
    const std::string path = std::string(group_version) == "v1"
                                 ? "/openapi/v3/api/v1"
                                 : "/openapi/v3/apis/" + std::string(group_version);
    const auto answer = client_->Raw("GET", path, "", Soon());
    ASSERT_TRUE(answer.ok()) << answer.error().message();
    Json served = Json::parse(*answer)["components"]["schemas"];
    Strip(served, true);
    for (const auto& [name, node] : served.items()) {
      const Json& ours = built[group_version]["components"]["schemas"];
      ASSERT_TRUE(ours.contains(name)) << group_version << " " << name;
      EXPECT_EQ(ours[name], node) << group_version << " " << name << "\n"
                                  << Json::diff(ours[name], node).dump();
    }
  }
}

}  // namespace
}  // namespace trial
