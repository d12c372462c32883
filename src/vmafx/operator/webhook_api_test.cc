// The webhook with the chart's rights and a real kube-apiserver that calls it. There are no
// Services: the registration names the webhook by URL.

#include <gtest/gtest.h>

#include "kube/testing/api_server.h"
#include "net/http.h"
#include "vmafx/operator/testing/chart.h"
#include "vmafx/operator/webhook.h"
#include "vmafx/operator/webhook_identity.h"

namespace vmafx::operators::testing {
namespace {

using kube::Json;

const kube::Kind kJob{"vmafx.dev", "v1", "VmafxJob"};
const kube::Kind kSecret{"", "v1", "Secret"};
const kube::Kind kConfiguration{"admissionregistration.k8s.io", "v1",
                                "ValidatingWebhookConfiguration"};
const kube::Key kSecretKey{"vmafx-system", "vmafx-operator-webhook"};
const kube::Key kConfigurationKey{"", "vmafx-operator"};
const std::vector<std::string> kNames = {"localhost"};

class WebhookApiTest : public ::testing::Test {
 protected:
  WebhookApiTest() {
    auto& server = kube::testing::SharedApiServer();
    admin_ = kube::MakeClient(server.Admin(), base::Log::Nowhere());
    auto applied = ApplyChart(*admin_, Long());
    EXPECT_TRUE(applied.ok()) << applied.error().message();
    SetSecret(nullptr);
    auto access = server.As("system:serviceaccount:vmafx-system:vmafx-operator",
                            {"system:serviceaccounts", "system:authenticated"});
    EXPECT_TRUE(access.ok()) << access.error().message();
    client_ = kube::MakeClient(*access, base::Log::Nowhere(), "vmafx-operator");
    namespace_.emplace(*admin_);
  }

  ~WebhookApiTest() override {
    for (auto& webhook : webhooks_) webhook->Stop();
    // Other tests of this API server must not be refused for want of a webhook.
    static_cast<void>(admin_->Delete(kConfiguration, kConfigurationKey, {}, Long()));
    SetSecret(nullptr);
    // Operators of other tests look into all namespaces.
    auto jobs = admin_->List(kJob, {.ns = namespace_->name()}, Long());
    EXPECT_TRUE(jobs.ok()) << jobs.error().message();
    for (const kube::ObjectPtr& job : jobs->items) {
      static_cast<void>(admin_->Delete(kJob, job->key(), {}, Long()));
    }
    if (!HasFailure()) return;
    for (const std::string& line : sink_->lines()) fmt::print(stderr, "webhook: {}\n", line);
  }

  base::Until Long() { return base::Until::After(clock_, std::chrono::seconds(60)); }

  Webhook& Start() {
    WebhookOptions options;
    options.address = "127.0.0.1:0";
    options.self_made = {kSecretKey, kConfigurationKey.name, kNames};
    webhooks_.push_back(std::make_unique<Webhook>(
        options, *client_, clock_, base::Log(sink_, base::Level::kDebug), registry_));
    auto started = webhooks_.back()->Start(Long());
    EXPECT_TRUE(started.ok()) << started.error().message();
    return *webhooks_.back();
  }

  void SetSecret(const Json& data) {
    auto patched = admin_->MergePatch(kSecret, kSecretKey, {{"data", data}}, "", Long());
    EXPECT_TRUE(patched.ok()) << patched.error().message();
  }

  WebhookIdentity Stored() {
    auto secret = admin_->Get(kSecret, kSecretKey, Long());
    EXPECT_TRUE(secret.ok()) << secret.error().message();
    auto identity = ReadWebhookIdentity(*secret);
    EXPECT_TRUE(identity.has_value());
    return identity.value_or(WebhookIdentity());
  }

  // As the chart registers it, but by URL and for the test's namespace only.
  void Register(const Webhook& webhook) {
    Json json = {{"apiVersion", kConfiguration.ApiVersion()},
                 {"kind", kConfiguration.kind},
                 {"metadata", {{"name", kConfigurationKey.name}}}};
    for (const char* kind : {"vmafxjob", "vmafxnode", "vmafxmodeltraining"}) {
      const std::string plural = std::string(kind) + "s";
      const Json labels = {{"kubernetes.io/metadata.name", namespace_->name()}};
      json["webhooks"].push_back(
          {{"name", plural + ".vmafx.dev"},
           {"clientConfig",
            {{"url",
              fmt::format("https://localhost:{}/validate-vmafx-dev-v1-{}", webhook.port(), kind)}}},
           {"namespaceSelector", {{"matchLabels", labels}}},
           {"rules", Json::array({{{"apiGroups", {"vmafx.dev"}},
                                   {"apiVersions", {"v1"}},
                                   {"resources", {plural}},
                                   {"operations", {"CREATE", "UPDATE"}}}})},
           {"sideEffects", "None"},
           {"failurePolicy", "Fail"},
           {"admissionReviewVersions", {"v1"}}});
    }
    auto created = admin_->Create(kube::Object(json), Long());
    ASSERT_TRUE(created.ok()) << created.error().message();
    AwaitBundle(Stored().authorities_pem);
  }

  // Waits until all webhooks of the configuration trust `authorities`.
  void AwaitBundle(const std::string& authorities) {
    const std::string bundle = net::Base64Encode(authorities);
    kube::Store store(*admin_, {kConfiguration, "", {}, "metadata.name=vmafx-operator"}, clock_,
                      base::Log::Nowhere());
    auto waited = store.WaitFor(
        [&](const kube::Store::Snapshot& snapshot) {
          auto found = snapshot.objects.find(kConfigurationKey);
          if (found == snapshot.objects.end()) return false;
          for (const Json& webhook : *found->second->Find({"webhooks"})) {
            if (value::FindString(webhook, {"clientConfig", "caBundle"}) != bundle) return false;
          }
          return true;
        },
        Long());
    EXPECT_TRUE(waited.ok()) << waited.error().message();
  }

  base::Result<kube::Object> CreateJob(const std::string& name, const std::string& reference) {
    return admin_->Create(
        kube::Object(
            Json{{"apiVersion", "vmafx.dev/v1"},
                 {"kind", "VmafxJob"},
                 {"metadata", {{"name", name}, {"namespace", namespace_->name()}}},
                 {"spec", {{"reference", reference}, {"distorted", "https://films/b.y4m"}}}}),
        Long());
  }

  // The API server takes a moment to hear of a registration: the answer of the first judged call.
  std::string AwaitRefusal(const std::string& name) {
    const base::Until until = Long();
    while (true) {
      auto created = CreateJob(name, "no uri");
      if (!created.ok() &&
          created.error().message().find("denied the request") != std::string::npos) {
        return created.error().message();
      }
      if (created.ok()) {
        static_cast<void>(admin_->Delete(kJob, created->key(), {}, Long()));
      }
      if (!until.Pause(std::chrono::milliseconds(20))) return "never refused";
    }
  }

  bool Answers(const Webhook& webhook, const std::string& authorities) {
    net::HttpOptions options;
    options.identity.ca_pem = authorities;
    options.identity.server_name = "localhost";
    net::Request request;
    request.method = "POST";
    request.url =
        fmt::format("https://127.0.0.1:{}/validate-vmafx-dev-v1-vmafxjob", webhook.port());
    request.body = "{}";
    return net::MakeCurlHttp(options)->Send(request, Long()).ok();
  }

  base::SystemClock clock_;
  std::unique_ptr<kube::Client> admin_, client_;
  std::optional<kube::testing::TestNamespace> namespace_;
  std::shared_ptr<base::MemorySink> sink_ = std::make_shared<base::MemorySink>();
  prometheus::Registry registry_;
  std::vector<std::unique_ptr<Webhook>> webhooks_;
};

TEST_F(WebhookApiTest, RefusesWhatCouldNeverWorkByName) {
  Register(Start());

  const std::string why = AwaitRefusal("bad");

  EXPECT_NE(why.find("admission webhook \"vmafxjobs.vmafx.dev\" denied the request: "
                     "spec.reference: \"no uri\" is no URI: write file:///PATH"),
            std::string::npos)
      << why;
  EXPECT_TRUE(CreateJob("bad", "no uri").Is(base::Code::kInvalid));
  auto good = CreateJob("good", "https://films/a.y4m");
  EXPECT_TRUE(good.ok()) << good.error().message();
}

TEST_F(WebhookApiTest, LetsObjectsFromBeforeItsRulesBeFinalizedAndDeleted) {
  auto old = CreateJob("old", "from before the rules");
  ASSERT_TRUE(old.ok()) << old.error().message();
  Register(Start());
  AwaitRefusal("bad");

  const Json finalizer = {{"metadata", {{"finalizers", {"vmafx.dev/job-cancel"}}}}};
  const Json none = {{"metadata", {{"finalizers", nullptr}}}};
  const Json status = {{"status", {{"phase", "Failed"}}}};
  EXPECT_TRUE(client_->MergePatch(kJob, old->key(), finalizer, "", Long()).ok());
  EXPECT_TRUE(admin_->MergePatch(kJob, old->key(), status, "status", Long()).ok());
  EXPECT_TRUE(admin_->Delete(kJob, old->key(), {}, Long()).ok());
  EXPECT_TRUE(client_->MergePatch(kJob, old->key(), none, "", Long()).ok());

  EXPECT_TRUE(admin_->Get(kJob, old->key(), Long()).Is(base::Code::kNotFound));
}

TEST_F(WebhookApiTest, PutsTheCaBundleBackWhenSomebodyWipesIt) {
  Register(Start());
  AwaitRefusal("bad");
  auto configuration = admin_->Get(kConfiguration, kConfigurationKey, Long());
  ASSERT_TRUE(configuration.ok());
  for (Json& webhook : configuration->json()["webhooks"]) webhook["clientConfig"].erase("caBundle");
  ASSERT_TRUE(admin_->Update(*configuration, Long()).ok());

  AwaitBundle(Stored().authorities_pem);

  AwaitRefusal("bad");
}

TEST_F(WebhookApiTest, MakesItsSecretAgainWhenSomebodyEmptiesIt) {
  Webhook& webhook = Start();
  Register(webhook);
  const WebhookIdentity first = Stored();

  SetSecret(nullptr);

  const base::Until until = Long();
  auto secret = admin_->Get(kSecret, kSecretKey, Long());
  while (secret.ok() && !ReadWebhookIdentity(*secret) &&
         until.Pause(std::chrono::milliseconds(20))) {
    secret = admin_->Get(kSecret, kSecretKey, Long());
  }
  EXPECT_NE(Stored().authorities_pem, first.authorities_pem);
  AwaitBundle(Stored().authorities_pem);
  AwaitRefusal("bad");
}

TEST_F(WebhookApiTest, SharesOneCertificateAmongReplicas) {
  base::Crew crew;
  for (int i = 0; i < 3; ++i) {
    WebhookOptions options;
    options.address = "127.0.0.1:0";
    options.self_made = {kSecretKey, kConfigurationKey.name, kNames};
    webhooks_.push_back(std::make_unique<Webhook>(
        options, *client_, clock_, base::Log(sink_, base::Level::kDebug), registry_));
  }
  std::vector<base::Result<>> started(3, base::Ok());
  for (size_t i = 0; i < 3; ++i) {
    crew.Start("start", [&, i](std::stop_token) { started[i] = webhooks_[i]->Start(Long()); });
  }
  crew.StopAndJoin();

  const WebhookIdentity stored = Stored();
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(started[i].ok()) << started[i].error().message();
    EXPECT_TRUE(Answers(*webhooks_[i], stored.authorities_pem)) << i;
  }
  size_t made = 0;
  for (const std::string& line : sink_->lines()) {
    made += line.find("webhook certificate made") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(made, 1u) << "the first that writes it wins";
}

TEST_F(WebhookApiTest, RenewsACertificateWhoseTimeIsNearlyOver) {
  const WebhookIdentity old =
      *MakeWebhookIdentity(kNames, "", clock_.WallNow() - std::chrono::hours(24 * 300));
  SetSecret(WriteWebhookIdentity(old));

  Webhook& webhook = Start();

  const WebhookIdentity renewed = Stored();
  EXPECT_NE(renewed.serving.certificate_pem, old.serving.certificate_pem);
  EXPECT_TRUE(renewed.authorities_pem.ends_with(old.authorities_pem))
      << "replicas that serve the old one are still trusted";
  EXPECT_TRUE(Answers(webhook, renewed.authorities_pem));
  Register(webhook);
  AwaitRefusal("bad");
}

TEST_F(WebhookApiTest, ServesWhatAnotherReplicaHasRenewed) {
  Webhook& webhook = Start();
  Register(webhook);
  const WebhookIdentity first = Stored();
  const int port = webhook.port();

  const WebhookIdentity second =
      *MakeWebhookIdentity(kNames, first.authorities_pem, clock_.WallNow());
  SetSecret(WriteWebhookIdentity(second));

  AwaitBundle(second.authorities_pem);
  const base::Until until = Long();
  const std::string newest = second.authorities_pem.substr(
      0, second.authorities_pem.size() - first.authorities_pem.size());
  while (!Answers(webhook, newest) && until.Pause(std::chrono::milliseconds(20))) {
  }
  EXPECT_TRUE(Answers(webhook, newest));
  EXPECT_EQ(webhook.port(), port);
  AwaitRefusal("bad");
}

TEST_F(WebhookApiTest, MayReadAndWriteItsOwnSecretAndRegistrationOnly) {
  EXPECT_TRUE(client_->Get(kSecret, kSecretKey, Long()).ok());
  EXPECT_TRUE(client_->Get(kSecret, {"vmafx-system", "other"}, Long()).Is(base::Code::kDenied));
  EXPECT_TRUE(client_->List(kSecret, {.ns = "vmafx-system"}, Long()).Is(base::Code::kDenied));
  EXPECT_TRUE(client_->Get(kConfiguration, {"", "other"}, Long()).Is(base::Code::kDenied));
  const kube::Object fresh(Json{{"apiVersion", "v1"},
                                {"kind", "Secret"},
                                {"metadata", {{"name", "x"}, {"namespace", "vmafx-system"}}}});
  EXPECT_TRUE(client_->Create(fresh, Long()).Is(base::Code::kDenied));
  EXPECT_TRUE(client_->Delete(kSecret, kSecretKey, {}, Long()).Is(base::Code::kDenied));
}

}  // namespace
}  // namespace vmafx::operators::testing
