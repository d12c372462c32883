// Which container engine is taken, and that kind is told so. Programs that stand in for docker,
// podman and nerdctl answer as the real ones do.

#include "cluster/kind/engines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/provider.h"
#include "sys/files.h"

namespace cluster::kind {
namespace {

namespace fs = std::filesystem;
using base::Code;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

// What each prints when an archive is loaded.
struct Client {
  const char* name;
  const char* loaded;
};
constexpr Client kClients[] = {
    {"docker", "Loaded image: localhost/node:1"},
    {"podman", "Getting image source signatures\\nLoaded image: localhost/node:1"},
    {"nerdctl", "unpacking localhost/node:1 (sha256:aa)...\\nLoaded image: localhost/node:1"},
};

// A machine with the programs that a test writes, and no others.
class EnginesTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& script) {
    ASSERT_TRUE(sys::MakeDirs(Bin()).ok());
    ASSERT_TRUE(sys::WriteFileAtomically(Bin() / name, "#!/bin/sh\n" + script, 0755).ok());
  }
  // Answers, has no image, loads any archive.
  void WriteClient(const Client& client) {
    Write(client.name, fmt::format("case $1 in\ninfo) exit 0 ;;\nload) printf '{}\\n' ;;\n"
                                   "*) exit 1 ;;\nesac\n",
                                   client.loaded));
  }
  // Says which engine it was told and what it was asked; it makes no cluster.
  void WriteKind() {
    Write("kind", fmt::format("echo \"$KIND_EXPERIMENTAL_PROVIDER $1\" >>{}\n"
                              "[ $1 != create ] || {{ echo \"ERROR: $*\"; exit 1; }}\n",
                              Told().string()));
  }
  fs::path Bin() const { return temp_.path() / "bin"; }
  fs::path Told() const { return temp_.path() / "told"; }

  std::map<std::string, std::string> Environment(const std::string& chosen = "") const {
    std::map<std::string, std::string> environment = {{"PATH", Bin().string()}};
    if (!chosen.empty()) environment["KIND_EXPERIMENTAL_PROVIDER"] = chosen;
    return environment;
  }
  base::Result<ContainerEngine> Find(const std::string& chosen = "") {
    return FindEngine(Environment(chosen), temp_.path() / "state", Within(seconds(60)));
  }
  base::Until Within(base::Duration span) { return base::Until::After(clock_, span); }

  base::SystemClock clock_;
  sys::TempDir temp_ = *sys::TempDir::Make("seatrial-engines-test");
};

TEST_F(EnginesTest, TakesTheFirstThatAnswers) {
  Write("docker", "exit 1\n");
  Write("podman", "[ \"$1\" = info ]\n");
  WriteClient(kClients[2]);
  auto environment = Environment();
  environment["KUBECONFIG"] = "/x";
  const auto engine = FindEngine(environment, temp_.path(), Within(seconds(60)));
  ASSERT_TRUE(engine.ok()) << engine.error().message();
  EXPECT_EQ(engine->Describe(), "podman");
  EXPECT_EQ(engine->environment.at("KIND_EXPERIMENTAL_PROVIDER"), "podman");
  EXPECT_FALSE(engine->environment.contains("KUBECONFIG"));
}

TEST_F(EnginesTest, TakesTheNamedOneAlthoughAnotherWouldCome) {
  for (const Client& client : kClients) WriteClient(client);
  for (const Client& client : kClients) {
    const auto engine = Find(client.name);
    ASSERT_TRUE(engine.ok()) << engine.error().message();
    EXPECT_EQ(engine->Describe(), client.name);
    EXPECT_EQ(engine->environment.at("KIND_EXPERIMENTAL_PROVIDER"), client.name);
  }
}

TEST_F(EnginesTest, AsksNoOtherWhenTheNamedOneDoesNotAnswer) {
  WriteClient(kClients[0]);
  Write("podman", "echo cannot connect to Podman >&2; exit 125\n");
  const auto engine = Find("podman");
  ASSERT_TRUE(engine.Is(Code::kUnavailable)) << engine.error().message();
  EXPECT_THAT(engine.error().message(), HasSubstr("podman: cannot connect to Podman"));
  EXPECT_THAT(engine.error().message(), HasSubstr("KIND_EXPERIMENTAL_PROVIDER"));
  EXPECT_THAT(engine.error().message(), Not(HasSubstr("docker")));
}

TEST_F(EnginesTest, RefusesAnEngineThatKindDoesNotKnow) {
  const auto engine = Find("rkt");
  ASSERT_TRUE(engine.Is(Code::kInvalid));
  EXPECT_THAT(engine.error().message(), HasSubstr("docker, podman, nerdctl"));
}

TEST_F(EnginesTest, KindIsToldTheEngineAndGetsTheImageThatWasLoadedThere) {
  WriteKind();
  const fs::path archive = temp_.path() / "node.tar";
  ASSERT_TRUE(sys::WriteFileAtomically(archive, "an archive").ok());
  for (const Client& client : kClients) {
    SCOPED_TRACE(client.name);
    WriteClient(client);
    KindOptions options{.state_dir = temp_.path() / "state", .program = "/bin/false"};
    options.kind = [this] { return Bin() / "kind"; };
    options.node_archive = [&] { return archive; };
    options.environment = Environment();
    ClusterSpec spec;
    spec.name = "t";
    const auto up = MakeKindProvider(options, clock_)->Up(spec, {}, Within(seconds(60)));
    ASSERT_TRUE(up.Is(Code::kInternal)) << up.error().message();
    EXPECT_THAT(up.error().message(), HasSubstr("--image localhost/node:1"));
    const std::string told = *sys::ReadFile(Told());
    for (const char* asked : {"get", "create", "delete"})
      EXPECT_THAT(told, HasSubstr(fmt::format("{} {}\n", client.name, asked)));
    fs::remove(Bin() / client.name);  // the next in order is the one that answers then
  }
}

}  // namespace
}  // namespace cluster::kind
