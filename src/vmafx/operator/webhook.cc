#include "vmafx/operator/webhook.h"

#include <algorithm>

#include <prometheus/counter.h>

#include "vmafx/operator/admission.h"

namespace vmafx::operators {
namespace {

using Judge = std::function<AdmissionVerdict(const AdmissionRequest&)>;

constexpr size_t kLargestReview = 8 << 20;  // two objects of the largest size that etcd takes
constexpr char kPath[] = "/validate-vmafx-dev-v1-";

// Of one path, with controller-runtime's name.
class Requests {
 public:
  Requests(prometheus::Registry& registry, std::string path)
      : family_(prometheus::BuildCounter()
                    .Name("controller_runtime_webhook_requests_total")
                    .Help("Admission requests by path and HTTP status")
                    .Register(registry)),
        path_(std::move(path)) {}

  void Count(int status) const {
    family_.Add({{"webhook", path_}, {"code", std::to_string(status)}}).Increment();
  }

 private:
  prometheus::Family<prometheus::Counter>& family_;
  std::string path_;
};

net::Answer Handle(const net::Call& call, const Judge& judge, const base::Log& log) {
  net::Answer answer;
  auto request = ReadReview(call.body);
  if (!request.ok()) {
    answer.status = 400;
    answer.body = request.error().message() + "\n";
    return answer;
  }
  const AdmissionVerdict verdict = judge(*request);
  if (!verdict.allowed) {
    log.Info("object refused", {{"object", request->object.Text()},
                                {"operation", request->operation},
                                {"user", request->user},
                                {"why", verdict.message}});
  }
  answer.content_type = "application/json";
  answer.body = WriteReview(request->uid, verdict);
  return answer;
}

// "the host and :PORT" of a listen address that said ":0".
std::string WithPort(const std::string& address, int port) {
  return address.substr(0, address.rfind(':')) + ":" + std::to_string(port);
}

}  // namespace

Webhook::Webhook(WebhookOptions options, kube::Client& client, base::Clock& clock, base::Log log,
                 prometheus::Registry& registry)
    : options_(std::move(options)),
      client_(client),
      clock_(clock),
      log_(std::move(log)),
      registry_(registry),
      address_(options_.address) {}

Webhook::~Webhook() {
  crew_.StopAndJoin();
}

std::unique_ptr<WebhookCertificates> Webhook::MakeCertificates() const {
  if (!options_.certificate_folder.empty()) {
    return MakeFolderCertificates(options_.certificate_folder);
  }
  return MakeSelfMadeCertificates(options_.self_made, client_, clock_, log_);
}

std::vector<net::Route> Webhook::Routes() const {
  const std::pair<const char*, Judge> judges[] = {
      {"vmafxjob", JudgeJob},
      {"vmafxnode", [domain = options_.cluster_domain](
                        const AdmissionRequest& request) { return JudgeNode(request, domain); }},
      {"vmafxmodeltraining", JudgeTraining}};
  std::vector<net::Route> routes;
  for (const auto& [kind, judge] : judges) {
    const std::string path = std::string(kPath) + kind;
    routes.push_back(
        {"POST", path,
         [judge, log = log_, requests = Requests(registry_, path)](const net::Call& call) {
           net::Answer answer = Handle(call, judge, log);
           requests.Count(answer.status);
           return answer;
         }});
  }
  return routes;
}

base::Result<> Webhook::Start(const base::Until& until) {
  certificates_ = MakeCertificates();
  base::Duration pause = std::chrono::milliseconds(100);
  while (true) {
    auto refreshed = Refresh(until);
    if (refreshed.ok()) break;
    const bool hopeless = refreshed.Is(base::Code::kDenied) || refreshed.Is(base::Code::kInvalid);
    if (hopeless || until.Over()) return std::move(refreshed).During("the webhook's certificate");
    log_.Warn("webhook not served yet", {{"why", refreshed.error().message()}});
    until.Pause(pause);
    pause = std::min<base::Duration>(pause * 2, std::chrono::seconds(5));
  }
  crew_.Start("webhook", [this](std::stop_token stop) { Keep(std::move(stop)); });
  return base::Ok();
}

base::Result<> Webhook::Refresh(const base::Until& until) {
  net::ServerTls tls = TRY(certificates_->Get(until));
  const bool same = served_.Read([&](const Served& served) {
    return served.server != nullptr && served.tls.certificate_pem == tls.certificate_pem &&
           served.tls.key_pem == tls.key_pem;
  });
  if (same) return base::Ok();
  net::HttpServerOptions options;
  options.body_limit = kLargestReview;
  options.thread_per_connection = true;
  options.tls = tls;
  // The port is free only when the old one is gone; requests under way are answered first.
  auto old = served_.With([](Served& served) { return std::move(served.server); });
  const bool renewed = old != nullptr;
  old.reset();
  auto server = TRY(net::HttpServer::Start(address_, Routes(), std::move(options)));
  address_ = WithPort(address_, server->port());
  log_.Info(renewed ? "webhook serves a new certificate" : "webhook serves",
            {{"address", address_}});
  served_.With([&](Served& served) {
    served.server = std::move(server);
    served.tls = std::move(tls);
  });
  return base::Ok();
}

void Webhook::Keep(std::stop_token stop) {
  const base::Until forever(clock_, base::Instant::max(), stop);
  base::Duration pause = std::chrono::seconds(1);
  while (!forever.Stopped()) {
    certificates_->AwaitChange(forever);
    if (forever.Stopped()) return;
    auto refreshed = Refresh(forever);
    if (forever.Stopped()) return;
    served_.With([&](Served& served) {
      served.problem = refreshed.ok() ? "" : refreshed.error().message();
    });
    if (refreshed.ok()) {
      pause = std::chrono::seconds(1);
      continue;
    }
    log_.Warn("webhook certificate not looked at", {{"why", refreshed.error().message()}});
    forever.Pause(pause);
    pause = std::min<base::Duration>(pause * 2, std::chrono::seconds(30));
  }
}

base::Result<> Webhook::Ready() {
  return served_.Read([](const Served& served) -> base::Result<> {
    // Without news of a new certificate the old one still serves.
    if (served.server != nullptr) return base::Ok();
    return base::Error(base::Code::kUnavailable, "not served: " + served.problem);
  });
}

void Webhook::Stop() {
  crew_.StopAndJoin();
  served_.With([](Served& served) { return std::move(served.server); }).reset();
  certificates_.reset();
}

int Webhook::port() const {
  return served_.Read(
      [](const Served& served) { return served.server == nullptr ? 0 : served.server->port(); });
}

}  // namespace vmafx::operators
