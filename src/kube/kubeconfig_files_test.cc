#include "kube/kubeconfig_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/files.h"

namespace kube {
namespace {

namespace fs = std::filesystem;
using base::Code;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Config(const std::string& context, const std::string& server, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: " + context +
         "\nclusters:\n- {name: shared, cluster: {server: \"" + server +
         "\"}}\nusers:\n- name: " + context + "\n  user: " + user +
         "\ncontexts:\n- {name: " + context + ", context: {cluster: shared, user: " + context +
         "}}\n";
}

class KubeconfigFilesTest : public ::testing::Test {
 protected:
  fs::path Write(const std::string& name, const std::string& text) {
    const fs::path path = folder_.path() / name;
    EXPECT_TRUE(sys::WriteFileAtomically(path, text).ok());
    return path;
  }
  const sys::TempDir folder_ = *sys::TempDir::Make();
};

TEST_F(KubeconfigFilesTest, TheFirstOfSeveralFilesWinsAndTheOthersAddToIt) {
  const std::vector<fs::path> files = {
      Write("one", Config("first", "https://127.0.0.1:1", "{token: a}")),
      Write("two", Config("second", "https://127.0.0.1:2", "{token: b}"))};

  const auto usual = LoadKubeconfigs(files);
  const auto other = LoadKubeconfigs(files, "second");

  ASSERT_TRUE(usual.ok()) << usual.error().message();
  EXPECT_EQ(usual->context, "first");
  EXPECT_EQ(usual->token, "a");
  ASSERT_TRUE(other.ok()) << other.error().message();
  EXPECT_EQ(other->token, "b");
  EXPECT_EQ(other->server, "https://127.0.0.1:1") << "the first cluster of that name counts";
}

TEST_F(KubeconfigFilesTest, FileNamesStayThoseBesideTheirOwnFile) {
  Write("secret.txt", "from-file");
  const fs::path file =
      Write("one", Config("first", "https://127.0.0.1:1", "{tokenFile: secret.txt}"));

  const auto access = LoadKubeconfigs({file});

  ASSERT_TRUE(access.ok()) << access.error().message();
  EXPECT_EQ(access->token_file, (folder_.path() / "secret.txt").string());
}

TEST_F(KubeconfigFilesTest, AMissingFileIsLeftOutUnlessAllAreMissing) {
  const fs::path file = Write("one", Config("first", "https://127.0.0.1:1", "{token: a}"));

  EXPECT_TRUE(LoadKubeconfigs({folder_.path() / "none", file}).ok());
  EXPECT_TRUE(LoadKubeconfigs({file, folder_.path() / "none"}).ok());
  EXPECT_TRUE(LoadKubeconfigs({folder_.path() / "none"}).Is(Code::kNotFound));
}

TEST_F(KubeconfigFilesTest, AnImpersonatedUserIsReadAndWritten) {
  const fs::path file =
      Write("one", Config("first", "https://127.0.0.1:1", "{token: a, as: somebody}"));

  const auto access = LoadKubeconfigs({file});

  ASSERT_TRUE(access.ok()) << access.error().message();
  EXPECT_EQ(access->impersonate, "somebody");
  EXPECT_THAT(WriteKubeconfig(*access, "x"), HasSubstr("as: somebody"));
}

TEST(SplitKubeconfigNamesTest, EmptyNamesAreLeftOut) {
  EXPECT_THAT(SplitKubeconfigNames("/a::/b:"), ElementsAre("/a", "/b"));
}

}  // namespace
}  // namespace kube
