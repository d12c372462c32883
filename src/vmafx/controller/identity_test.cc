#include "vmafx/controller/identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/certificates.h"
#include "sys/files.h"
#include "vmafx/controller/authenticator.h"
#include "vmafx/controller/confine.h"

namespace vmafx::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Action kActions[] = {
    Action::kGetJob,    Action::kStreamJobs, Action::kListNodes,    Action::kSubmitJob,
    Action::kCancelJob, Action::kScore,      Action::kReleaseJob,   Action::kRegisterNode,
    Action::kHeartbeat, Action::kPullWork,   Action::kReportResult,
};

std::string Allowed(Role role) {
  std::string names;
  for (Action action : kActions) {
    if (MayCall(role, action)) names += std::string(ToString(action)) + " ";
  }
  return names;
}

TEST(IdentityTest, GivesEachRoleItsCallsAndNoOthers) {
  const std::string worker = "RegisterNode Heartbeat PullWork ReportResult ";
  const std::string reader = "GetJob StreamJobs ListNodes ";
  const std::string writer = reader + "SubmitJob CancelJob POST /v1/score ";

  EXPECT_EQ(Allowed(Role::kReader), reader);
  EXPECT_EQ(Allowed(Role::kWriter), writer);
  EXPECT_EQ(Allowed(Role::kAdmin), writer + "ReleaseJob ");
  EXPECT_EQ(Allowed(Role::kNode), worker);
  EXPECT_EQ(Allowed(Role::kWorker), worker);
  EXPECT_EQ(Allowed(Role::kAnyone), writer + "ReleaseJob " + worker);
}

const Caller kPod{.name = "system:serviceaccount:team-a:default",
                  .role = Role::kWorker,
                  .name_space = "team-a",
                  .pod = "job-1"};

TEST(IdentityTest, ConfinesAWorkerToItsNamespaceAndPod) {
  const auto worker = *Confine({.name = "job-1"}, kPod);

  EXPECT_EQ(worker.name_space, "team-a");
  EXPECT_EQ(worker.confined_to, "team-a");
  EXPECT_EQ(worker.owner, "system:serviceaccount:team-a:default/job-1");
}

TEST(IdentityTest, RefusesAWorkerThatSaysToBeAnother) {
  Caller unbound = kPod;
  unbound.pod.clear();

  EXPECT_TRUE(Confine({.name = "job-2"}, kPod).Is(base::Code::kDenied));
  EXPECT_TRUE(Confine({.name = "job-1", .name_space = "team-b"}, kPod).Is(base::Code::kDenied));
  EXPECT_TRUE(Confine({.name = "job-1", .pool = true}, kPod).Is(base::Code::kDenied));
  EXPECT_TRUE(Confine({.name = "job-1"}, unbound).Is(base::Code::kDenied));
}

TEST(IdentityTest, LeavesAPoolWorkerFree) {
  Caller pool = kPod;
  pool.role = Role::kNode;

  const auto worker = *Confine({.name = "any", .pool = true}, pool);

  EXPECT_EQ(worker.confined_to, std::nullopt);
  EXPECT_TRUE(Confine({.name = "any", .name_space = "team-b"}, pool).Is(base::Code::kDenied));
}

TEST(StaticTokensTest, ReadsEveryLine) {
  const auto tokens = *ReadStaticTokens(
      "# clients\n\n0123456789abcdef,ci,writer\r\n fedcba9876543210 , dash , reader \n");

  ASSERT_EQ(tokens.size(), 2U);
  EXPECT_EQ(tokens.at(net::Sha256Hex("0123456789abcdef")).role, Role::kWriter);
  EXPECT_EQ(tokens.at(net::Sha256Hex("fedcba9876543210")).name, "dash");
}

TEST(StaticTokensTest, NamesTheLineAndNeverTheToken) {
  const std::string token = "0123456789abcdef";
  for (const std::string& bad :
       {token, token + ",ci", token + ",ci,boss", token + ",ci,worker", token + ",,reader",
        token + ",system:admin,reader", std::string("short,ci,reader"), token + ",a,reader,more",
        "a-client-with-a-long-name,reader," + token, token + ",a,reader\n" + token + ",b,admin",
        std::string(",,"), std::string(1000, ',')}) {
    const auto read = ReadStaticTokens("\n" + bad);

    ASSERT_TRUE(read.Is(base::Code::kInvalid)) << bad;
    EXPECT_THAT(read.error().message(), HasSubstr("line ")) << bad;
    EXPECT_THAT(read.error().message(), Not(HasSubstr(token)));
  }
}

// Whatever is in the file, it is read or refused.
TEST(StaticTokensTest, StandsAnyBytes) {
  uint32_t state = 7;
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 64; ++i) {
      state = state * 1664525 + 1013904223;
      text.push_back("\n,,#abcdef0123456789 reader\0\xff"[(state >> 16) % 31]);
    }
    (void)ReadStaticTokens(text).ok();
  }
}

class AuthenticatorTest : public ::testing::Test {
 protected:
  void Write(const std::string& text) {
    ASSERT_TRUE(sys::WriteFileAtomically(file_, text, 0600).ok());
  }
  base::Result<std::unique_ptr<Authenticator>> Make() {
    return MakeAuthenticator({.mode = AuthOptions::Mode::kTokens, .token_file = file_}, nullptr,
                             clock_, base::Log(sink_, base::Level::kDebug));
  }
  base::Until Soon() { return base::Until::After(clock_, std::chrono::seconds(60)); }

  base::SystemClock clock_;
  sys::TempDir folder_ = *sys::TempDir::Make("auth");
  std::filesystem::path file_ = folder_.path() / "tokens";
  std::shared_ptr<base::MemorySink> sink_ = std::make_shared<base::MemorySink>();
};

TEST_F(AuthenticatorTest, KnowsAStaticToken) {
  Write("0123456789abcdef,ci,writer\n");
  auto authenticator = *Make();

  const auto caller = authenticator->Identify("bearer 0123456789abcdef", Soon());

  ASSERT_TRUE(caller.ok());
  EXPECT_EQ(caller->name, "ci");
  EXPECT_EQ(caller->role, Role::kWriter);
}

TEST_F(AuthenticatorTest, RefusesWhoHasNoneOrAnother) {
  Write("0123456789abcdef,ci,writer\n");
  auto authenticator = *Make();

  for (const char* authorization :
       {"", "Bearer", "Bearer ", "Bearer x", "Basic 0123456789abcdef", "0123456789abcdef",
        "Bearer 0123456789abcde", "Bearer 0123456789abcdef0"}) {
    EXPECT_TRUE(authenticator->Identify(authorization, Soon()).Is(base::Code::kDenied))
        << authorization;
  }
}

TEST_F(AuthenticatorTest, ReadsTheFileAgainWhenItHasChanged) {
  Write("0123456789abcdef,ci,writer\n");
  auto authenticator = *Make();

  Write("fedcba9876543210,dash,reader\n");

  EXPECT_TRUE(authenticator->Identify("Bearer 0123456789abcdef", Soon()).Is(base::Code::kDenied));
  EXPECT_TRUE(authenticator->Identify("Bearer fedcba9876543210", Soon()).ok());
}

TEST_F(AuthenticatorTest, KeepsTheFormerTokensWhileTheFileIsBad) {
  Write("0123456789abcdef,ci,writer\n");
  auto authenticator = *Make();

  Write("half a li");

  EXPECT_TRUE(authenticator->Identify("Bearer 0123456789abcdef", Soon()).ok());
  EXPECT_TRUE(authenticator->Identify("Bearer 0123456789abcdef", Soon()).ok());
  EXPECT_EQ(sink_->errors(), 1U);
  EXPECT_THAT(sink_->lines(), ElementsAre(HasSubstr("line 1: want TOKEN,NAME,ROLE")));
}

TEST_F(AuthenticatorTest, RefusesToStartOnABadFileOrWithoutOne) {
  EXPECT_TRUE(Make().Is(base::Code::kNotFound));
  Write("x");
  EXPECT_TRUE(Make().Is(base::Code::kInvalid));
}

TEST_F(AuthenticatorTest, RefusesTokensThatWouldNotBeLookedAt) {
  Write("0123456789abcdef,ci,writer\n");

  const auto made = MakeAuthenticator({.token_file = file_}, nullptr, clock_, base::Log::Nowhere());

  ASSERT_TRUE(made.Is(base::Code::kInvalid));
  EXPECT_THAT(made.error().message(), HasSubstr("VMAFX_AUTH"));
}

}  // namespace
}  // namespace vmafx::controller
