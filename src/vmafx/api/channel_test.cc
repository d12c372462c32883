#include "vmafx/api/channel.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "net/certificates.h"
#include "sys/files.h"
#include "vmafx/controller/v1/controller.grpc.pb.h"

namespace vmafx::api {
namespace {

using ::testing::HasSubstr;

namespace rpc = vmafx::controller::v1;

// Answers CancelJob with the authorization that the call carried.
class EchoServer final : public rpc::VmafxController::Service {
 public:
  explicit EchoServer(const std::shared_ptr<grpc::ServerCredentials>& credentials) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", credentials, &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~EchoServer() override { server_->Shutdown(); }

  std::string address() const { return fmt::format("127.0.0.1:{}", port_); }

  grpc::Status CancelJob(grpc::ServerContext* context, const rpc::CancelJobRequest*,
                         rpc::CancelJobResponse* response) override {
    const auto found = context->client_metadata().find("authorization");
    if (found != context->client_metadata().end()) {
      response->set_message(std::string(found->second.data(), found->second.size()));
    }
    return grpc::Status::OK;
  }

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

class ChannelTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    const auto path = folder_.path() / name;
    EXPECT_TRUE(sys::WriteFileAtomically(path, text).ok());
    return path.string();
  }

  static grpc::Status Ask(const ChannelOptions& options, TokenSource& token, std::string& heard) {
    auto channel = *MakeChannel(options);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    EXPECT_TRUE(token.AddTo(context).ok());
    rpc::CancelJobResponse response;
    const auto status = rpc::VmafxController::NewStub(channel)->CancelJob(&context, {}, &response);
    heard = response.message();
    return status;
  }

  sys::TempDir folder_ = *sys::TempDir::Make("channel");
};

TEST_F(ChannelTest, CarriesTheTokenThatTheFileHoldsNow) {
  EchoServer server(grpc::InsecureServerCredentials());
  TokenSource token(Write("token", "first\n"));
  std::string heard;

  ASSERT_TRUE(Ask({.address = server.address()}, token, heard).ok());
  EXPECT_EQ(heard, "Bearer first");

  Write("token", "second\n");
  ASSERT_TRUE(Ask({.address = server.address()}, token, heard).ok());
  EXPECT_EQ(heard, "Bearer second");
}

TEST_F(ChannelTest, CarriesNothingWithoutATokenFile) {
  EchoServer server(grpc::InsecureServerCredentials());
  TokenSource token("");
  std::string heard = "?";

  ASSERT_TRUE(Ask({.address = server.address()}, token, heard).ok());

  EXPECT_EQ(heard, "");
}

TEST_F(ChannelTest, NamesATokenFileThatIsMissing) {
  TokenSource token((folder_.path() / "none").string());
  grpc::ClientContext context;

  const auto added = token.AddTo(context);

  ASSERT_TRUE(added.Is(base::Code::kNotFound));
  EXPECT_THAT(added.error().message(), HasSubstr((folder_.path() / "none").string()));
}

TEST_F(ChannelTest, TrustsOnlyTheNamedAuthorityAndServerName) {
  const auto now = base::SystemClock().WallNow();
  const auto authority = *net::MakeAuthority("test-ca", now);
  const auto stranger = *net::MakeAuthority("stranger", now);
  const auto pair = *net::IssueCertificate(
      authority, {.common_name = "controller", .dns_names = {"controller.svc"}}, now);
  grpc::SslServerCredentialsOptions ssl;
  ssl.pem_key_cert_pairs.push_back({pair.key_pem, pair.certificate_pem});
  EchoServer server(grpc::SslServerCredentials(ssl));
  TokenSource token(Write("token", "secret"));
  const ChannelOptions right{.address = server.address(),
                             .tls = true,
                             .ca_file = Write("ca.crt", authority.certificate_pem),
                             .server_name = "controller.svc"};
  auto wrong_ca = right;
  wrong_ca.ca_file = Write("stranger.crt", stranger.certificate_pem);
  auto wrong_name = right;
  wrong_name.server_name = "other.svc";
  std::string heard;

  EXPECT_TRUE(Ask(right, token, heard).ok());
  EXPECT_EQ(heard, "Bearer secret");
  EXPECT_EQ(Ask(wrong_ca, token, heard).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Ask(wrong_name, token, heard).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ChannelTest, NamesACaFileThatIsMissing) {
  const auto made = MakeChannel({.address = "localhost:1", .tls = true, .ca_file = "/no/ca.crt"});

  ASSERT_TRUE(made.Is(base::Code::kNotFound));
  EXPECT_THAT(made.error().message(), HasSubstr("/no/ca.crt"));
}

}  // namespace
}  // namespace vmafx::api
