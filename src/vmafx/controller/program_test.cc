// The program vmafx-controller, run and killed as it is in production.

#include <csignal>
#include <thread>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "net/certificates.h"
#include "net/http.h"
#include "sys/files.h"
#include "sys/process.h"
#include "sys/testing/places.h"
#include "vmafx/api/channel.h"
#include "vmafx/controller/v1/controller.grpc.pb.h"

namespace vmafx::controller {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

// The program with its log in a file; which ports it got is read there.
class Program {
 public:
  Program(const std::filesystem::path& folder, std::map<std::string, std::string> environment)
      : log_(folder / "log"), process_(Start(folder, std::move(environment))) {}

  // The port that the program says `what` listens on.
  int Port(const std::string& what, const base::Until& until) {
    for (;;) {
      std::vector<std::string> lines = Lines();
      lines.pop_back();  // what follows the last end of a line: it may be half written
      for (const std::string& line : lines) {
        const size_t at = line.find(" port=");
        if (line.find(what) != std::string::npos && at != std::string::npos) {
          return std::stoi(line.substr(at + 6));
        }
      }
      if (!process_.Running() || !until.Pause(std::chrono::milliseconds(20))) return 0;
    }
  }
  std::vector<std::string> Lines() const {
    auto text = sys::ReadFile(log_);
    return base::Split(text.ok() ? *text : "", '\n');
  }
  sys::Process& process() { return process_; }

 private:
  sys::Process Start(const std::filesystem::path& folder,
                     std::map<std::string, std::string> environment) {
    environment["VMAFX_GRPC_LISTEN"] = "127.0.0.1:0";
    environment["VMAFX_HTTP_ADDR"] = "127.0.0.1:0";
    environment["VMAFX_DB_PATH"] = (folder / "jobs.db").string();
    std::error_code ignored;
    std::filesystem::remove(log_, ignored);
    return *sys::Process::Start({.argv = {sys::testing::Program("vmafx-controller")},
                                 .environment = std::move(environment),
                                 .output_path = log_.string()});
  }

  std::filesystem::path log_;
  sys::Process process_;
};

class ControllerProgramTest : public ::testing::Test {
 protected:
  using Stub = v1::VmafxController::Stub;

  base::Until Soon() { return base::Until::After(clock_, std::chrono::seconds(60)); }
  std::unique_ptr<Stub> Connect(Program& program) {
    const int port = program.Port("gRPC listening", Soon());
    EXPECT_NE(port, 0) << base::Join(program.Lines(), "\n");
    return v1::VmafxController::NewStub(
        *api::MakeChannel({.address = fmt::format("127.0.0.1:{}", port)}));
  }
  static grpc::Status Submit(Stub& stub, const std::string& key, std::string& id) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    v1::SubmitJobRequest request;
    request.mutable_scoring()->set_reference("file:///r");
    request.mutable_scoring()->set_distorted("file:///d");
    request.set_idempotency_key(key);
    v1::SubmitJobResponse response;
    const auto status = stub.SubmitJob(&context, request, &response);
    id = response.job_id();
    return status;
  }

  base::SystemClock clock_;
  sys::TempDir folder_ = *sys::TempDir::Make("controller");
};

// Four clients submit as fast as they can; the program is killed in the middle, twice. Each job
// that was acknowledged is there afterwards, once, under the id that was answered.
TEST_F(ControllerProgramTest, HasEveryAcknowledgedJobAfterKillNine) {
  using Acknowledged = std::map<std::string, std::string>;  // id by key
  base::Guarded<Acknowledged> acknowledged;
  for (int round = 1; round <= 2; ++round) {
    Program program(folder_.path(), {});
    std::vector<std::jthread> clients;
    for (int client = 0; client < 4; ++client) {
      auto stub = Connect(program);
      clients.emplace_back([&, round, client, stub = std::move(stub)](std::stop_token stop) {
        for (int i = 0; !stop.stop_requested(); ++i) {
          const std::string key = fmt::format("{}-{}-{}", round, client, i);
          std::string id;
          if (!Submit(*stub, key, id).ok()) return;
          acknowledged.With([&](Acknowledged& all) { all[key] = id; });
        }
      });
    }
    ASSERT_TRUE(acknowledged
                    .Await(Soon(),
                           [&](const Acknowledged& all) {
                             return all.size() >= static_cast<size_t>(round) * 200;
                           })
                    .ok());
    ASSERT_EQ(kill(program.process().pid(), SIGKILL), 0);
    clients.clear();
    const auto exit = program.process().Wait(Soon());
    ASSERT_TRUE(exit.ok()) << exit.error().message();
    EXPECT_EQ(exit->signal, SIGKILL);
  }

  Program program(folder_.path(), {});
  auto stub = Connect(program);
  const auto expected = acknowledged.Read([](const Acknowledged& all) { return all; });
  EXPECT_GE(expected.size(), 400U);
  for (const auto& [key, id] : expected) {
    std::string again;
    ASSERT_TRUE(Submit(*stub, key, again).ok());
    EXPECT_EQ(again, id) << key;
  }
}

TEST_F(ControllerProgramTest, SaysWhatIsOffAndStopsOnSigterm) {
  Program program(folder_.path(), {{"VMAFX_RETENTION", "0"}});
  ASSERT_NE(program.Port("HTTP listening", Soon()), 0);

  program.process().Signal(SIGTERM);

  const auto exit = program.process().Wait(Soon());
  ASSERT_TRUE(exit.ok()) << exit.error().message();
  EXPECT_EQ(exit->status, 0);
  EXPECT_THAT(program.Lines(), Contains(HasSubstr("identity is off")));
  EXPECT_THAT(program.Lines(), Contains(HasSubstr("TLS is off")));
  EXPECT_THAT(program.Lines(), Contains(HasSubstr("retention is off")));
}

TEST_F(ControllerProgramTest, SpeaksTlsAndAsksForTokensWhereConfigured) {
  const auto now = clock_.WallNow();
  const auto authority = *net::MakeAuthority("test-ca", now);
  const auto pair = *net::IssueCertificate(
      authority, {.common_name = "controller", .dns_names = {"controller"}}, now);
  const auto write = [&](const std::string& name, const std::string& text) {
    EXPECT_TRUE(sys::WriteFileAtomically(folder_.path() / name, text, 0600).ok());
    return (folder_.path() / name).string();
  };
  Program program(folder_.path(),
                  {{"VMAFX_TLS_CERT_FILE", write("tls.crt", pair.certificate_pem)},
                   {"VMAFX_TLS_KEY_FILE", write("tls.key", pair.key_pem)},
                   {"VMAFX_AUTH_TOKEN_FILE", write("tokens", "0123456789abcdef,ci,writer\n")}});
  const int grpc_port = program.Port("gRPC listening", Soon());
  const int http_port = program.Port("HTTP listening", Soon());
  ASSERT_NE(http_port, 0) << base::Join(program.Lines(), "\n");
  auto stub = v1::VmafxController::NewStub(
      *api::MakeChannel({.address = fmt::format("127.0.0.1:{}", grpc_port),
                         .tls = true,
                         .ca_file = write("ca.crt", authority.certificate_pem),
                         .server_name = "controller"}));
  api::TokenSource token(write("token", "0123456789abcdef"));
  v1::ListNodesResponse nodes;

  grpc::ClientContext with;
  ASSERT_TRUE(token.AddTo(with).ok());
  const auto let_in = stub->ListNodes(&with, {}, &nodes);
  grpc::ClientContext without;
  const auto kept_out = stub->ListNodes(&without, {}, &nodes);
  auto http = net::MakeCurlHttp(
      {.identity = {.ca_pem = authority.certificate_pem, .server_name = "controller"}});
  const auto health =
      http->Send({.url = fmt::format("https://127.0.0.1:{}/healthz", http_port)}, Soon());

  EXPECT_TRUE(let_in.ok()) << let_in.error_message();
  EXPECT_EQ(kept_out.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  ASSERT_TRUE(health.ok()) << health.error().message();
  EXPECT_EQ(health->status, 200);
}

TEST_F(ControllerProgramTest, RefusesToStartOnWhatWouldNotProtect) {
  for (const std::map<std::string, std::string>& bad :
       {std::map<std::string, std::string>{{"VMAFX_AUTH", "kubernetes"}},
        {{"VMAFX_AUTH", "tokens"}},
        {{"VMAFX_AUTH", "oidc"}},
        {{"VMAFX_AUTH", "none"}, {"VMAFX_AUTH_TOKEN_FILE", "/tokens"}},
        {{"VMAFX_AUTH_TOKEN_FILE", "/no/such/file"}},
        {{"VMAFX_TLS_CERT_FILE", "/no/tls.crt"}},
        {{"VMAFX_TLS_CERT_FILE", "/no/tls.crt"}, {"VMAFX_TLS_KEY_FILE", "/no/tls.key"}}}) {
    Program program(folder_.path(), bad);

    const auto exit = program.process().Wait(Soon());

    ASSERT_TRUE(exit.ok());
    EXPECT_NE(exit->status, 0) << bad.begin()->second;
    EXPECT_EQ(exit->signal, 0) << bad.begin()->second;
  }
}

}  // namespace
}  // namespace vmafx::controller
