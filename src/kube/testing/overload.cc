#include "kube/testing/overload.h"

#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "base/crew.h"
#include "base/guarded.h"
#include "base/text.h"
#include "kube/testing/api_server.h"
#include "net/certificates.h"
#include "net/http.h"
#include "net/testing/tls_server.h"

namespace kube::testing {
namespace {

using namespace std::chrono_literals;
using base::Until;

constexpr const char* kFlowControl = "flowcontrol.apiserver.k8s.io/v1";

template <typename T>
T Sure(base::Result<T> result) {
  if (!result.ok()) ADD_FAILURE() << result.error().message();
  CHECK(result.ok());
  return *std::move(result);
}

}  // namespace

struct Overload::State {
  explicit State(Client& the_admin) : admin(the_admin) {
    access = Sure(SharedApiServer().As(name));
    Make("rbac.authorization.k8s.io/v1", "ClusterRoleBinding",
         {{"subjects",
           {{{"kind", "User"}, {"apiGroup", "rbac.authorization.k8s.io"}, {"name", name}}}},
          {"roleRef",
           {{"kind", "ClusterRole"},
            {"apiGroup", "rbac.authorization.k8s.io"},
            {"name", "cluster-admin"}}}});
    AwaitRightToRead(*MakeClient(access, base::Log::Nowhere()), {"", "v1", "ConfigMap"}, "default");
    Make(kFlowControl, "PriorityLevelConfiguration",
         {{"spec",
           {{"type", "Limited"},
            {"limited",
             {{"nominalConcurrencyShares", 0},
              {"lendablePercent", 0},
              {"borrowingLimitPercent", 0},
              {"limitResponse", {{"type", "Reject"}}}}}}}});
    MakeWebhook();
  }

  ~State() {
    for (const Object& object : made) {
      const auto deleted = admin.Delete(object.kind(), object.key(), {}, Soon());
      if (!deleted.ok()) ADD_FAILURE() << deleted.error().message();
    }
  }

  Until Soon() { return Until::After(clock, 60s); }

  Object Make(const std::string& api_version, const std::string& kind, Json content) {
    content["apiVersion"] = api_version;
    content["kind"] = kind;
    content["metadata"]["name"] = name;
    made.push_back(Sure(admin.Create(Object(std::move(content)), Soon())));
    return made.back();
  }

  // All that the user asks goes by our priority level.
  void UseFlowSchema() {
    const Json anything = Json::array({"*"});
    const Json subject = {{"kind", "User"}, {"user", {{"name", name}}}};
    const Json rule = {
        {"subjects", Json::array({subject})},
        {"resourceRules", Json::array({{{"verbs", anything},
                                        {"apiGroups", anything},
                                        {"resources", anything},
                                        {"clusterScope", true},
                                        {"namespaces", anything}}})},
        {"nonResourceRules", Json::array({{{"verbs", anything}, {"nonResourceURLs", anything}}})}};
    Json schema = {{"apiVersion", kFlowControl},
                   {"kind", "FlowSchema"},
                   {"metadata", {{"name", name}}},
                   {"spec",
                    {{"priorityLevelConfiguration", {{"name", name}}},
                     {"matchingPrecedence", 2},
                     {"rules", Json::array({rule})}}}};
    flow_schema = Sure(admin.Create(Object(std::move(schema)), Soon()));
    AwaitFlowSchema(true);
  }

  void DropFlowSchema() {
    if (!flow_schema) return;
    const auto deleted = admin.Delete(flow_schema->kind(), flow_schema->key(), {}, Soon());
    if (!deleted.ok()) ADD_FAILURE() << deleted.error().message();
    AwaitFlowSchema(false);
    flow_schema.reset();
  }

  // Here too; its answers say which one was used.
  void AwaitFlowSchema(bool wanted) {
    const auto http = net::MakeCurlHttp({.identity = access.identity});
    const Until until = Soon();
    while (true) {
      const auto answer = Sure(http->Send({.url = access.server + "/version"}, until));
      const auto used = answer.headers.find("x-kubernetes-pf-flowschema-uid");
      const bool ours = used != answer.headers.end() && used->second == flow_schema->uid();
      if (ours == wanted) return;
      CHECK(until.Pause(20ms));
    }
  }

  // Keeps every request that makes a ConfigMap with our label until `kept` is over.
  void MakeWebhook() {
    const Json rule = {{"apiGroups", {""}},
                       {"apiVersions", {"v1"}},
                       {"operations", {"CREATE"}},
                       {"resources", {"configmaps"}}};
    const Json webhook = {
        {"name", "keep.example.com"},
        {"clientConfig",
         {{"url", server.url() + "/"}, {"caBundle", net::Base64Encode(authority.certificate_pem)}}},
        {"rules", Json::array({rule})},
        {"objectSelector", {{"matchLabels", {{"keep", name}}}}},
        {"admissionReviewVersions", {"v1"}},
        {"sideEffects", "None"},
        {"timeoutSeconds", 30}};
    Make("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration",
         {{"webhooks", Json::array({webhook})}});
  }

  void Keep(net::testing::Connection& connection) {
    busy.With([](int& count) { ++count; });
    (void)kept.Await(Until::After(clock, 120s), [](bool keep) { return !keep; });
    connection.Answer(500, "no more");
    busy.With([](int& count) { --count; });
  }

  // One request after the other, each for as long as the server waits for its webhook.
  void KeepBusy(const std::stop_token& stop) {
    const auto client = MakeClient(access, base::Log::Nowhere());
    const Json object = {{"apiVersion", "v1"},
                         {"kind", "ConfigMap"},
                         {"metadata", {{"generateName", "kept-"}, {"labels", {{"keep", name}}}}}};
    const Until until(clock, base::Instant::max(), stop);
    while (!until.Over()) {
      (void)client->Raw("POST", "/api/v1/namespaces/default/configmaps?dryRun=All", object.dump(),
                        until);
    }
  }

  Client& admin;
  base::SystemClock clock;
  const std::string name = "busy-" + net::RandomHex(4);
  ClusterAccess access;
  std::vector<Object> made;
  std::optional<Object> flow_schema;  // while it lasts
  base::Guarded<bool> kept{true};
  base::Guarded<int> busy{0};
  const net::KeyPair authority = Sure(net::MakeAuthority("busy", clock.WallNow()));
  const net::KeyPair certificate = Sure(net::IssueCertificate(
      authority, {.common_name = "webhook", .ip_addresses = {"127.0.0.1"}}, clock.WallNow()));
  net::testing::TlsServer server{
      certificate, [this](const net::testing::Received&, net::testing::Connection& c) { Keep(c); }};
  std::optional<base::Crew> crew;
};

Overload::Overload(Client& admin) : state_(std::make_unique<State>(admin)) {}

Overload::~Overload() {
  End();
}

const ClusterAccess& Overload::user() const {
  return state_->access;
}

void Overload::Begin() {
  State& state = *state_;
  state.UseFlowSchema();
  state.kept.With([](bool& kept) { kept = true; });
  state.crew.emplace();
  state.crew->Start("busy", [&state](const std::stop_token& stop) { state.KeepBusy(stop); });
  const auto begun = state.busy.Await(state.Soon(), [](int count) { return count > 0; });
  if (!begun.ok()) ADD_FAILURE() << "no request is kept: " << begun.error().message();
}

void Overload::End() {
  state_->kept.With([](bool& kept) { kept = false; });
  state_->crew.reset();
  state_->DropFlowSchema();
  (void)state_->busy.Await(state_->Soon(), [](int count) { return count == 0; });
}

int Overload::Refused() {
  const std::string metrics = Sure(state_->admin.Raw("GET", "/metrics", "", state_->Soon()));
  double sum = 0;
  for (const std::string& line : base::Split(metrics, '\n')) {
    if (line.rfind("apiserver_request_total{", 0) != 0) continue;
    if (line.find("code=\"429\"") == std::string::npos) continue;
    sum += std::stod(line.substr(line.rfind(' ')));
  }
  return static_cast<int>(sum);
}

void Overload::AwaitRefused(int count) {
  const Until until = state_->Soon();
  int refused = Refused();
  while (refused <= count && until.Pause(100ms)) refused = Refused();  // metrics tell nobody
  EXPECT_GT(refused, count);
}

}  // namespace kube::testing
