// Clusters of kind as far as they need no container engine: what is said when there is none, and
// how kind's output is read. Programs that stand in for kind and docker print what the real ones
// print; `make e2e PROVIDER=kind` and `test/host-state --kind` run the real ones.

#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/kind/image_table.h"
#include "cluster/kind/kind_cli.h"
#include "cluster/kind/node_images.h"
#include "cluster/kind/record.h"
#include "cluster/provider.h"
#include "sys/files.h"

namespace cluster::kind {
namespace {

namespace fs = std::filesystem;
using base::Code;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(CreateLinesTest, TurnsBulletsAndTicksIntoRows) {
  base::FakeClock clock;
  std::vector<std::string> told;
  Progress progress;
  progress.ready = [&](const StartRow& row) { told.push_back(row.component); };
  CreateLines lines(clock, clock.Now(), progress);
  lines.Take("Creating cluster \"t\" ...");
  lines.Take(" \u2022 Preparing nodes \xF0\x9F\x93\xA6   ...");
  clock.Advance(seconds(2));
  lines.Take(" \u2713 Preparing nodes \xF0\x9F\x93\xA6 ");
  lines.Take(" \u2022 Starting control-plane ...");
  ASSERT_EQ(lines.table().size(), 2U);
  EXPECT_EQ(lines.table()[0].component, "Preparing nodes");
  EXPECT_EQ(lines.table()[0].ready, seconds(2));
  EXPECT_EQ(lines.table()[1].started, seconds(2));
  EXPECT_FALSE(lines.table()[1].ready.has_value());
  EXPECT_THAT(told, ElementsAre("Preparing nodes"));
}

TEST(CreateErrorTest, AnUnknownFieldIsInvalidInput) {
  const base::Error error = CreateError(
      "ERROR: failed to create cluster: unable to decode config: yaml: unmarshal errors:\n"
      "  line 3: field rolle not found in type v1alpha4.Node\n");
  EXPECT_EQ(error.code(), Code::kInvalid);
  EXPECT_THAT(error.message(), HasSubstr("field rolle not found"));
}

TEST(CreateErrorTest, AMissingImageTellsHowToMakeOne) {
  const base::Error error = CreateError(
      "Creating cluster \"t\" ...\n"
      "ERROR: failed to create cluster: failed to pull image \"no/such:1\": command \"docker "
      "pull\" "
      "failed with error: exit status 1\n");
  EXPECT_EQ(error.code(), Code::kNotFound);
  EXPECT_THAT(error.message(), HasSubstr("no/such:1"));
  EXPECT_THAT(error.message(), HasSubstr("make kind-node-image"));
}

TEST(CreateErrorTest, APodmanWhoseRuntimeCannotWorkHereTellsWhichCan) {
  const base::Error error = CreateError(
      "ERROR: failed to create cluster: command \"podman run --name t-control-plane\" failed with "
      "error: exit status 126\n"
      "Command Output: Error: OCI runtime error: crun: cgroups in hybrid mode not supported, drop "
      "all controllers from cgroupv2\n");
  EXPECT_EQ(error.code(), Code::kUnavailable);
  EXPECT_THAT(error.message(), HasSubstr("podman run"));
  EXPECT_THAT(error.message(), HasSubstr("runtime = \"runc\""));
}

TEST(CreateErrorTest, WithoutAnErrorLineTheLastLinesAreTold) {
  EXPECT_THAT(CreateError("one\ntwo\nthree\nfour\nfive\n").message(),
              HasSubstr("kind: two | three | four | five"));
}

TEST(ParseImageTableTest, ReadsNameAndDigest) {
  EXPECT_THAT(ParseImageTable("REF TYPE DIGEST SIZE PLATFORMS LABELS\n"
                              "localhost/a:1   application/x  sha256:aa  1.0 MiB linux/amd64 -\r\n"
                              "broken line\n"),
              ElementsAre(std::pair<std::string, std::string>("localhost/a:1", "sha256:aa")));
}

TEST(KindRecordTest, ComesBackAsItWasWritten) {
  const auto folder = *sys::TempDir::Make("seatrial-kind-record");
  Record record;
  record.cluster.name = "t";
  record.cluster.nodes = {"t-control-plane", "t-worker"};
  record.cluster.api_port = 4711;
  record.cluster.start_table = {{"Preparing nodes", seconds(1), seconds(2)}};
  record.engine = "podman";
  record.relay = 12;
  record.making = 13;
  record.tied = true;
  ASSERT_TRUE(WriteRecord(folder.path(), record).ok());
  const auto read = ReadRecord(folder.path());
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_TRUE(read->cluster.kind);
  EXPECT_EQ(read->cluster.node_name, "t-control-plane");
  EXPECT_EQ(read->cluster.nodes.size(), 2U);
  EXPECT_EQ(read->cluster.api_port, 4711);
  EXPECT_EQ(read->cluster.start_table.at(0).ready, seconds(2));
  EXPECT_EQ(read->engine, "podman");
  EXPECT_EQ(read->relay, 12);
  EXPECT_EQ(read->making, 13);
  EXPECT_TRUE(read->tied);
}

TEST(KindRecordTest, ADamagedOneIsRefusedOrReadWithoutWhatIsDamaged) {
  EXPECT_TRUE(ParseRecord("{", "/state/t").Is(base::Code::kInvalid));
  EXPECT_TRUE(ParseRecord("[]", "/state/t").Is(base::Code::kInvalid));

  const auto read = ParseRecord(
      R"({"name": "t", "nodes": ["a", 1], "engine": 7, "tied": "yes", "making": -5, "relay": 1e99,
          "startTable": {"x": 1}})",
      "/state/t");

  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->cluster.nodes, (std::vector<std::string>{"a"}));
  EXPECT_EQ(read->engine, "docker");
  EXPECT_FALSE(read->tied);
  EXPECT_EQ(read->making, 0) << "never the number of a group";
  EXPECT_EQ(read->relay, 0);
}

// A machine with the programs that a test writes, and no others.
class KindProviderTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& script) {
    const fs::path path = temp_.path() / "bin" / name;
    ASSERT_TRUE(sys::MakeDirs(path.parent_path()).ok());
    ASSERT_TRUE(sys::WriteFileAtomically(path, "#!/bin/sh\n" + script, 0755).ok());
  }
  // An engine that answers, has all images, and whose clusters are in the file `clusters`.
  void WriteEngine() { Write("docker", "exit 0\n"); }
  void WriteKind(const std::string& create) {
    Write("kind", "case \"$1 $2\" in\n'get clusters') [ ! -f " + Clusters().string() +
                      " ] || while read -r name; do echo \"$name\"; done <" + Clusters().string() +
                      "; exit 0 ;;\n'delete cluster') echo \"$@\" >>" + Deleted().string() +
                      "; exit 0 ;;\n'create cluster') " + create + " ;;\nesac\n");
  }
  fs::path Clusters() const { return temp_.path() / "clusters"; }
  fs::path Deleted() const { return temp_.path() / "deleted"; }

  std::unique_ptr<Provider> Make() {
    KindOptions options{.state_dir = temp_.path() / "state", .program = "/bin/false"};
    const fs::path kind = temp_.path() / "bin" / "kind";
    options.kind = [kind] { return fs::exists(kind) ? kind : fs::path(); };
    options.node_archive = [] { return fs::path(); };
    options.environment = {{"PATH", (temp_.path() / "bin").string() + ":/nowhere"}};
    return MakeJointProvider({.state_dir = options.state_dir, .program = "/bin/false"}, options,
                             clock_);
  }
  base::Result<Cluster> Up(ClusterSpec spec) {
    spec.backend = Backend::kKind;
    spec.name = "t";
    return Make()->Up(spec, {}, Within(seconds(60)));
  }
  base::Until Within(base::Duration span) { return base::Until::After(clock_, span); }

  base::SystemClock clock_;
  sys::TempDir temp_ = *sys::TempDir::Make("seatrial-kind-test");
};

TEST_F(KindProviderTest, WithoutAnEngineSaysWhatWasAskedAndWhatToDo) {
  WriteKind("exit 1");
  Write("docker", "echo Cannot connect to the Docker daemon >&2; exit 1\n");
  const auto up = Up({});
  ASSERT_TRUE(up.Is(Code::kUnavailable)) << up.error().message();
  EXPECT_THAT(up.error().message(), HasSubstr("docker: Cannot connect to the Docker daemon"));
  EXPECT_THAT(up.error().message(), HasSubstr("podman: not installed"));
  EXPECT_THAT(up.error().message(), HasSubstr("seatrial engine up"));
}

TEST_F(KindProviderTest, WithoutKindSaysHowToGetIt) {
  WriteEngine();
  const auto up = Up({});
  ASSERT_TRUE(up.Is(Code::kNotFound)) << up.error().message();
  EXPECT_THAT(up.error().message(), HasSubstr("tools/companions/build kind"));
}

TEST_F(KindProviderTest, ANameThatIsTakenIsNotTouched) {
  WriteEngine();
  WriteKind("exit 1");
  ASSERT_TRUE(sys::WriteFileAtomically(Clusters(), "other\nt\n").ok());
  const auto up = Up({});
  ASSERT_TRUE(up.Is(Code::kExists)) << up.error().message();
  EXPECT_THAT(up.error().message(), HasSubstr("kind delete cluster --name t"));
  EXPECT_FALSE(fs::exists(Deleted()));
}

TEST_F(KindProviderTest, AFailedStartIsTakenBack) {
  WriteEngine();
  WriteKind("echo 'ERROR: failed to create cluster: no luck'; exit 1");
  const auto up = Up({});
  ASSERT_TRUE(up.Is(Code::kInternal)) << up.error().message();
  EXPECT_THAT(up.error().message(), HasSubstr("no luck"));
  EXPECT_TRUE(fs::exists(Deleted()));
  EXPECT_THAT(*Make()->List(), IsEmpty());
  EXPECT_FALSE(fs::exists(temp_.path() / "state" / ".kind" / "t"));
}

TEST_F(KindProviderTest, PassesTheConfigurationAndTheImageOn) {
  WriteEngine();
  WriteKind("echo \"ERROR: $*\"; exit 1");
  const fs::path config = temp_.path() / "three.yaml";
  ASSERT_TRUE(sys::WriteFileAtomically(config, "nodes: [{role: control-plane}]\n").ok());
  ClusterSpec spec;
  spec.kind_config = config;
  spec.node_image = "some/node:1";
  const auto up = Up(spec);
  ASSERT_FALSE(up.ok());
  EXPECT_THAT(up.error().message(), HasSubstr("--config " + config.string()));
  EXPECT_THAT(up.error().message(), HasSubstr("--image some/node:1"));
}

TEST_F(KindProviderTest, RefusesWhatOnlyNativeClustersHave) {
  WriteEngine();
  WriteKind("exit 1");
  ClusterSpec spec;
  spec.level = Level::kApi;
  EXPECT_TRUE(Up(spec).Is(Code::kInvalid));
  spec = {};
  spec.api_port = 6443;
  const auto up = Up(spec);
  ASSERT_TRUE(up.Is(Code::kInvalid));
  EXPECT_THAT(up.error().message(), HasSubstr("networking.apiServerPort"));
  spec = {};
  spec.node_image = "/no/such/node.tar";
  EXPECT_TRUE(Up(spec).Is(Code::kNotFound));
}

TEST_F(KindProviderTest, NativeClustersHaveNoConfigurationOfKind) {
  ClusterSpec spec;
  spec.name = "t";
  spec.node_image = "some/node:1";
  EXPECT_TRUE(Make()->Up(spec, {}, Within(seconds(5))).Is(Code::kInvalid));
}

TEST_F(KindProviderTest, RemovesClustersThatWereToEndWithWhoMadeThem) {
  WriteEngine();
  WriteKind("exit 1");
  ASSERT_TRUE(sys::WriteFileAtomically(Clusters(), "kept\nended\n").ok());
  for (const bool tied : {false, true}) {
    Record record;
    record.cluster.name = tied ? "ended" : "kept";
    record.engine = "docker";
    record.tied = tied;
    const fs::path folder = temp_.path() / "state" / ".kind" / record.cluster.name;
    ASSERT_TRUE(sys::MakeDirs(folder).ok());
    ASSERT_TRUE(WriteRecord(folder, record).ok());
    ASSERT_TRUE(sys::WriteFileAtomically(folder.string() + ".lock", "").ok());
  }
  const auto swept = Make()->Sweep(Within(seconds(60)));
  ASSERT_TRUE(swept.ok()) << swept.error().message();
  EXPECT_THAT(*swept, ElementsAre("ended"));
  EXPECT_TRUE(Make()->Find("kept").ok());
  EXPECT_TRUE(Make()->Find("ended").Is(Code::kNotFound));
}

// A cluster of two nodes, an engine with any image but no/such:1, and a kind that notes what it is
// to load.
class LoadFromEngineTest : public KindProviderTest {
 protected:
  void SetUp() override {
    Write("docker",
          "case \"$1 $2\" in\n'image inspect') [ \"$3\" != no/such:1 ] ;;\n"
          "'save --output') echo \"$4\" >\"$3\" ;;\nesac\n");
    Write("kind",
          "read -r image <\"$3\"; shift 3; echo \"$image $*\" >>" + Loaded().string() + "\n");
    Record record;
    record.cluster.name = "t";
    record.cluster.nodes = {"t-control-plane", "t-external-load-balancer", "t-worker"};
    record.engine = "docker";
    const fs::path folder = temp_.path() / "state" / ".kind" / "t";
    ASSERT_TRUE(sys::MakeDirs(folder).ok());
    ASSERT_TRUE(WriteRecord(folder, record).ok());
    cluster_ = ReadRecord(folder)->cluster;
  }
  base::Result<> Load(const std::vector<std::string>& names) {
    return Make()->LoadFromEngine(cluster_, names, Within(seconds(20)));
  }
  fs::path Loaded() const { return temp_.path() / "loaded"; }

  Cluster cluster_;
};

TEST_F(LoadFromEngineTest, AllNodesGetTheNamedImages) {
  const auto loaded = Load({"app:1", "db:2"});
  ASSERT_TRUE(loaded.ok()) << loaded.error().message();
  EXPECT_EQ(*sys::ReadFile(Loaded()),
            "app:1 --name t --nodes t-control-plane,t-worker\n"
            "db:2 --name t --nodes t-control-plane,t-worker\n");
  EXPECT_FALSE(fs::exists(cluster_.folder / "image.tar"));
}

TEST_F(LoadFromEngineTest, AnImageThatTheEngineLacksIsNamedAndNothingIsLoaded) {
  const auto loaded = Load({"app:1", "no/such:1"});
  ASSERT_TRUE(loaded.Is(Code::kNotFound));
  EXPECT_THAT(loaded.error().message(), HasSubstr("docker has no image no/such:1"));
  EXPECT_FALSE(fs::exists(Loaded()));
}

TEST_F(LoadFromEngineTest, ANativeClusterLivesInNoEngine) {
  cluster_.kind = false;
  const auto loaded = Load({"app:1"});
  ASSERT_TRUE(loaded.Is(Code::kInvalid));
  EXPECT_THAT(loaded.error().message(), HasSubstr("seatrial load --name t"));
}

TEST(BackendTest, AnUnknownProviderIsRefusedWithTheNearest) {
  const auto backend = ParseBackend("kinds");
  ASSERT_TRUE(backend.Is(Code::kInvalid));
  EXPECT_THAT(backend.error().message(), HasSubstr("native, kind, auto"));
}

}  // namespace
}  // namespace cluster::kind
