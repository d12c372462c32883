// The checker with the schemas of a real API server, and the built schemas held against them.

#include <chrono>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/testing/api_server.h"
#include "schema/bundle.h"
#include "schema/metadata.h"
#include "sys/files.h"
#include "sys/testing/places.h"
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

  base::SystemClock clock_;
  std::unique_ptr<kube::Client> client_ =
      kube::MakeClient(SharedApiServer().Admin(), base::Log::Nowhere());
};

TEST_F(CheckerApiTest, FindsMistakesInADeploymentAndInACustomResource) {
  const SuiteFiles files({{"suite/a/00-web.yaml", kDeployment}, {"suite/a/01-job.yaml", kJob}});
  Problems problems(false);
  SuiteConfig config;
  const auto tests = LoadTests(files.Path("suite"), {{}, {}}, problems);
  const auto crds =
      LoadManifests((sys::testing::SourceFolder() / "deploy/helm/vmafx/crds").string(), problems);
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

struct Case {
  const char* name;
  std::string path;  // to POST to, with NS for the namespace
  std::string object;
};

std::string Deployment(const std::string& spec, const std::string& container = "") {
  return "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: "
         "{matchLabels: {a: b}}, " +
         spec + " template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i" +
         container + "}]}}}}";
}

std::string Job(const std::string& spec, const std::string& metadata = "name: job") {
  return "{apiVersion: vmafx.dev/v1, kind: VmafxJob, metadata: {" + metadata + "}, spec: {" + spec +
         "}}";
}

constexpr char kDeployments[] = "/apis/apps/v1/namespaces/NS/deployments";
constexpr char kJobs[] = "/apis/vmafx.dev/v1/namespaces/NS/vmafxjobs";
constexpr char kSecrets[] = "/api/v1/namespaces/NS/secrets";

std::vector<Case> Cases() {
  const std::string good = "reference: file:///a, distorted: file:///b";
  const std::string secret = "{apiVersion: v1, kind: Secret, metadata: {name: s}, ";
  return {
      {"deployment", kDeployments, Deployment("")},
      {"limits", kDeployments, Deployment("", ", resources: {limits: {memory: 1.5Gi, cpu: 2}}")},
      {"unknown field", kDeployments, Deployment("replcas: 2,")},
      {"text for a number", kDeployments, Deployment("replicas: '2',")},
      {"too large", kDeployments, Deployment("replicas: 3000000000,")},
      {"number for text", kDeployments, Deployment("", ", env: [{name: A, value: 1}]")},
      {"bad quantity", kDeployments, Deployment("", ", resources: {limits: {memory: 1GB}}")},
      {"bad enum", kDeployments, Deployment("", ", imagePullPolicy: always")},
      {"map for a list", kDeployments, Deployment("", ", args: {a: b}")},
      {"int or string", kDeployments,
       Deployment("strategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 1}},")},
      {"neither int nor string", kDeployments,
       Deployment("strategy: {rollingUpdate: {maxSurge: [1]}},")},
      {"no name of a container", kDeployments,
       "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: "
       "{matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{image: "
       "i}]}}}}"},
      {"base64", kSecrets, secret + "data: {a: YWJj}}"},
      {"not base64", kSecrets, secret + "data: {a: plain text}}"},
      {"label", kSecrets,
       "{apiVersion: v1, kind: Secret, metadata: {name: s, labels: {a: 'b c'}}}"},
      {"name", kSecrets, "{apiVersion: v1, kind: Secret, metadata: {name: A_b}}"},
      {"job", kJobs, Job(good + ", options: {width: 64, more: any}, backend: cpu")},
      {"unknown in a definition", kJobs, Job(good + ", refrence: x")},
      {"enum of a definition", kJobs, Job(good + ", backend: gpu")},
      {"minimum of a definition", kJobs, Job(good + ", priority: -1")},
      {"minLength of a definition", kJobs, Job("reference: '', distorted: file:///b")},
      {"required by a definition", kJobs, Job("distorted: file:///b")},
      {"type in a definition", kJobs, Job(good + ", options: {width: '64'}")},
      {"enum of numbers in a definition", kJobs, Job(good + ", options: {bitdepth: 9}")},
      {"metadata of a custom object", kJobs, Job(good, "name: job, lables: {a: b}")},
      {"label of a custom object", kJobs, Job(good, "name: job, labels: {a: 1}")},
  };
}

TEST_F(CheckerApiTest, FindsSomethingInExactlyWhatTheApiServerRefuses) {
  const kube::testing::TestNamespace ns(*client_);
  Problems loading(false);
  const auto crds =
      LoadManifests((sys::testing::SourceFolder() / "deploy/helm/vmafx/crds").string(), loading);
  schema::Catalog catalog;
  const auto all = [](const std::string& one) { return one == "v1" || one == "apps/v1"; };
  ASSERT_TRUE(AddClusterSchemas(*client_, all, catalog, Soon()).ok());
  for (const Manifest& crd : crds) {
    ASSERT_TRUE(client_->Create(crd.object, Soon()).ok());
    ASSERT_TRUE(catalog.AddDefinition(crd.object.json()).ok());
  }
  // Discovery follows the definition by a moment that nothing announces.
  const kube::Kind job{"vmafx.dev", "v1", "VmafxJob"};
  const Until until = Soon();
  while (!client_->Discover(job, until).ok() && until.Pause(20ms)) {
  }
  for (const Case& one : Cases()) {
    const Json object = value::ParseYaml(one.object, "case").documents.at(0).json;
    const auto answer = catalog.Find(value::FindString(object, {"apiVersion"}),
                                     value::FindString(object, {"kind"}));
    ASSERT_EQ(answer.known, schema::Catalog::Answer::Known::kKind) << one.name;
    auto findings = schema::Check(answer.schema, object, schema::Extent::kWhole);
    for (auto& more : schema::CheckNames(object)) findings.push_back(more);
    std::string path = one.path;
    path.replace(path.find("NS"), 2, ns.name());
    const auto server =
        client_->Raw("POST", path + "?dryRun=All&fieldValidation=Strict", object.dump(), Soon());
    EXPECT_EQ(findings.empty(), server.ok())
        << one.name << ": " << (findings.empty() ? "nothing found" : findings[0].message) << "; "
        << (server.ok() ? "accepted" : server.error().message());
  }
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
