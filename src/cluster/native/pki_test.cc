#include "cluster/native/pki.h"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "kube/kubeconfig.h"
#include "sys/files.h"

namespace cluster::native {
namespace {

namespace fs = std::filesystem;

TEST(PkiTest, MakesKeysForOurEyesOnlyAndKubeconfigsThatRead) {
  base::SystemClock clock;
  const sys::TempDir temp = *sys::TempDir::Make();
  const Layout layout{temp.path() / "ci"};

  ASSERT_TRUE(
      MakePki(layout, {"ci", "ci-node", "10.88.0.1", "10.96.0.1", 45678}, clock.WallNow()).ok());

  for (const auto& entry : fs::recursive_directory_iterator(layout.folder)) {
    struct stat status {};
    ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0077, 0u) << entry.path();
  }
  const auto host = kube::LoadKubeconfig(layout.Kubeconfig());
  ASSERT_TRUE(host.ok()) << host.error().message();
  EXPECT_EQ(host->server, "https://127.0.0.1:45678");
  EXPECT_EQ(host->identity.ca_pem, *sys::ReadFile(layout.Pki("ca.crt")));
  const auto inside = kube::LoadKubeconfig(layout.InsideKubeconfig());
  ASSERT_TRUE(inside.ok());
  EXPECT_EQ(inside->server, "https://10.88.0.1:6443");
  for (const char* user : {"kubelet", "scheduler", "controller-manager", "proxy", "coredns"})
    EXPECT_TRUE(kube::LoadKubeconfig(layout.Config(std::string(user) + ".kubeconfig")).ok());
}

}  // namespace
}  // namespace cluster::native
