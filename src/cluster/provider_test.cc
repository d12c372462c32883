#include "cluster/provider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/files.h"

namespace cluster {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

class ProviderTest : public testing::Test {
 protected:
  base::Until Within(base::Duration span) { return base::Until::After(clock_, span); }

  base::SystemClock clock_;
  sys::TempDir temp_ = *sys::TempDir::Make();
  std::unique_ptr<Provider> provider_ =
      MakeNativeProvider({temp_.path() / "state", "/no/seatrial"}, clock_);
};

TEST_F(ProviderTest, ReadsLevelsAndHelpsWithTypos) {
  EXPECT_EQ(*ParseLevel("dns"), Level::kDns);
  const auto wrong = ParseLevel("nod");
  ASSERT_TRUE(wrong.Is(base::Code::kInvalid));
  EXPECT_EQ(wrong.error().message(),
            "level \"nod\" is none of api, node, dns, full (did you mean \"node\"?)");
}

TEST_F(ProviderTest, RefusesNamesThatAreNoLabels) {
  for (const char* name :
       {"", "A", "a_b", "-a", "a-", "a/b", "..", "a-name-that-is-much-too-long-for-us"}) {
    ClusterSpec spec;
    spec.name = name;
    EXPECT_TRUE(provider_->Up(spec, {}, Within(seconds(5))).Is(base::Code::kInvalid)) << name;
    EXPECT_TRUE(provider_->Down(name, Within(seconds(5))).Is(base::Code::kInvalid)) << name;
  }
}

TEST_F(ProviderTest, NamesTheProgramsThatAreMissingAndHowToGetThem) {
  ClusterSpec spec;
  spec.level = Level::kApi;
  spec.kubernetes_bin = temp_.path();

  const auto up = provider_->Up(spec, {}, Within(seconds(5)));

  ASSERT_FALSE(up.ok());
  if (up.Is(base::Code::kDenied)) {
    EXPECT_THAT(up.error().message(), HasSubstr("needs root"));  // asked first
    return;
  }
  EXPECT_TRUE(up.Is(base::Code::kNotFound));
  EXPECT_THAT(up.error().message(), HasSubstr("no etcd, kube-apiserver in it"));
  EXPECT_THAT(up.error().message(), HasSubstr("make kubernetes"));
}

TEST_F(ProviderTest, SaysHowToStartWhatIsNotThere) {
  const auto found = provider_->Find("ci");

  ASSERT_TRUE(found.Is(base::Code::kNotFound));
  EXPECT_EQ(found.error().message(), "no cluster ci runs: `seatrial up --name ci` starts one");
  EXPECT_TRUE(provider_->Down("ci", Within(seconds(5))).Is(base::Code::kNotFound));
  EXPECT_TRUE(provider_->List()->empty());
  EXPECT_TRUE(provider_->Sweep(Within(seconds(5)))->empty());
  EXPECT_FALSE(std::filesystem::exists(temp_.path() / "state"));
}

TEST_F(ProviderTest, SweepsTheRemainsOfAClusterThatEnded) {
  const auto folder = temp_.path() / "state" / "old";
  ASSERT_TRUE(sys::MakeDirs(folder / "pki", 0700).ok());
  ASSERT_TRUE(sys::WriteFileAtomically(temp_.path() / "state" / "old.lock", "").ok());

  EXPECT_FALSE(provider_->List()->at(0).running);
  EXPECT_EQ(*provider_->Sweep(Within(seconds(5))), std::vector<std::string>{"old"});

  EXPECT_FALSE(std::filesystem::exists(temp_.path() / "state"));
}

}  // namespace
}  // namespace cluster
