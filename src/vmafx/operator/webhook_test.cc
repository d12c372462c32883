#include "vmafx/operator/webhook.h"

#include <fstream>

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include "net/certificates.h"
#include "net/http.h"
#include "sys/files.h"

namespace vmafx::operators {
namespace {

constexpr base::WallTime kNow = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};
constexpr char kJobPath[] = "/validate-vmafx-dev-v1-vmafxjob";

// A client that nobody asks: cert-manager's certificates need no API server.
std::unique_ptr<kube::Client> NoCluster() {
  return kube::MakeClient({.server = "https://127.0.0.1:1"}, base::Log::Nowhere());
}

// A webhook with certificates from a folder, as cert-manager's Secret is mounted.
class WebhookTest : public ::testing::Test {
 protected:
  base::Until Long() { return base::Until::After(clock_, std::chrono::seconds(60)); }

  // What cert-manager does: a new authority, a new certificate.
  std::string WriteCertificate() {
    const net::KeyPair authority = *net::MakeAuthority("test", kNow);
    net::CertificateRequest request;
    request.common_name = "hook";
    request.dns_names = {"localhost"};
    const net::KeyPair pair = *net::IssueCertificate(authority, request, kNow);
    Write("tls.crt", pair.certificate_pem);
    Write("tls.key", pair.key_pem);
    return authority.certificate_pem;
  }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_.path() / name) << text;
  }

  void Start() {
    WebhookOptions options;
    options.address = "127.0.0.1:0";
    options.certificate_folder = folder_.path().string();
    webhook_.emplace(options, *cluster_, hook_clock_, base::Log(sink_, base::Level::kDebug),
                     registry_);
    started_ = webhook_->Start(base::Until(hook_clock_, base::Instant::max()));
    ASSERT_TRUE(started_.ok()) << started_.error().message();
  }

  // A call of one who trusts `authority` only.
  base::Result<net::Response> Send(const std::string& authority, const std::string& method,
                                   const std::string& path, const std::string& body) {
    net::HttpOptions options;
    options.identity.ca_pem = authority;
    options.identity.server_name = "localhost";
    const auto http = net::MakeCurlHttp(options);
    net::Request request;
    request.method = method;
    request.url = fmt::format("https://127.0.0.1:{}{}", webhook_->port(), path);
    request.body = body;
    return http->Send(request, Long());
  }

  // Lets the other threads get on, while the test waits for what they do.
  void Breathe() { static_cast<void>(Long().Pause(std::chrono::milliseconds(2))); }

  void TearDown() override {
    if (webhook_ && started_.ok()) webhook_->Stop();
  }

  base::SystemClock clock_;
  base::FakeClock hook_clock_;
  sys::TempDir folder_ = *sys::TempDir::Make("webhook");
  std::unique_ptr<kube::Client> cluster_ = NoCluster();
  std::shared_ptr<base::MemorySink> sink_ = std::make_shared<base::MemorySink>();
  prometheus::Registry registry_;
  base::Result<> started_ = base::Error(base::Code::kUnavailable, "not started");
  std::optional<Webhook> webhook_;
};

TEST_F(WebhookTest, AnswersReviewsOverHttps) {
  const std::string authority = WriteCertificate();
  Start();

  auto refused = Send(authority, "POST", kJobPath,
                      R"({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
          "request": {"uid": "u-1", "operation": "CREATE", "object": {"metadata": {"name": "a"},
          "spec": {"reference": "x", "distorted": "s3://a/b"}}}})");

  ASSERT_TRUE(refused.ok()) << refused.error().message();
  EXPECT_EQ(refused->status, 200);
  const auto answer = kube::Json::parse(refused->body).at("response");
  EXPECT_EQ(answer.at("uid"), "u-1");
  EXPECT_EQ(answer.at("allowed"), false);
  EXPECT_NE(prometheus::TextSerializer()
                .Serialize(registry_.Collect())
                .find("controller_runtime_webhook_requests_total{code=\"200\",webhook=\"" +
                      std::string(kJobPath) + "\"} 1"),
            std::string::npos);
}

TEST_F(WebhookTest, AnswersNonsenseWithAnErrorAndStaysUp) {
  const std::string authority = WriteCertificate();
  Start();

  EXPECT_EQ(Send(authority, "POST", kJobPath, "nonsense")->status, 400);
  EXPECT_EQ(Send(authority, "POST", kJobPath, std::string(100000, '['))->status, 400);
  EXPECT_EQ(Send(authority, "GET", kJobPath, "")->status, 405);
  EXPECT_EQ(Send(authority, "POST", "/elsewhere", "{}")->status, 404);
  EXPECT_EQ(Send(authority, "POST", kJobPath, std::string(9 << 20, ' '))->status, 413);
  EXPECT_EQ(Send(authority, "POST", kJobPath, "{}")->status, 400);
}

TEST_F(WebhookTest, TakesFilesThatWereReplacedAndKeepsTheOldOnesUntilTheyFit) {
  const std::string first = WriteCertificate();
  Start();
  ASSERT_TRUE(Send(first, "POST", kJobPath, "{}").ok());
  const int port = webhook_->port();

  Write("tls.key", "half written");
  const auto complaint = [&] {
    for (const std::string& line : sink_->lines()) {
      if (line.find("the key is not PEM") != std::string::npos) return true;
    }
    return false;
  };
  while (!complaint()) {
    hook_clock_.Advance(std::chrono::seconds(10));
    Breathe();
  }
  EXPECT_TRUE(Send(first, "POST", kJobPath, "{}").ok()) << "what serves goes on serving";
  EXPECT_TRUE(webhook_->Ready().ok());

  const std::string second = WriteCertificate();
  while (!Send(second, "POST", kJobPath, "{}").ok()) {
    hook_clock_.Advance(std::chrono::seconds(10));
    Breathe();
  }
  EXPECT_FALSE(Send(first, "POST", kJobPath, "{}").ok());
  EXPECT_EQ(webhook_->port(), port);
}

TEST_F(WebhookTest, WaitsForFilesThatAreNotThereYet) {
  WebhookOptions options;
  options.address = "127.0.0.1:0";
  options.certificate_folder = folder_.path().string();
  webhook_.emplace(options, *cluster_, clock_, base::Log(sink_, base::Level::kDebug), registry_);
  base::Crew crew;
  crew.Start("start", [&](std::stop_token stop) {
    started_ = webhook_->Start(base::Until(clock_, base::Instant::max(), std::move(stop)));
  });
  while (sink_->lines().empty()) Breathe();

  const std::string authority = WriteCertificate();

  while (webhook_->port() == 0) Breathe();
  EXPECT_TRUE(Send(authority, "POST", kJobPath, "{}").ok());
  crew.StopAndJoin();
}

}  // namespace
}  // namespace vmafx::operators
