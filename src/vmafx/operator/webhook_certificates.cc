#include "vmafx/operator/webhook_certificates.h"

#include <optional>

#include "kube/text_file.h"
#include "net/certificates.h"
#include "vmafx/operator/webhook_identity.h"

namespace vmafx::operators {
namespace {

const kube::Kind kSecret{"", "v1", "Secret"};
const kube::Kind kConfiguration{"admissionregistration.k8s.io", "v1",
                                "ValidatingWebhookConfiguration"};
constexpr auto kFolderLook = std::chrono::seconds(10);
constexpr int kMostTries = 20;  // against others who write the same object

class FolderCertificates final : public WebhookCertificates {
 public:
  explicit FolderCertificates(std::string folder) : folder_(std::move(folder)) {}

  base::Result<net::ServerTls> Get(const base::Until&) override {
    net::ServerTls tls;
    tls.certificate_pem = TRY(kube::ReadTextFile(folder_ + "/tls.crt"));
    tls.key_pem = TRY(kube::ReadTextFile(folder_ + "/tls.key"));
    // Read in the middle of a change they do not belong together.
    auto checked = net::CheckKeyPair({tls.certificate_pem, tls.key_pem});
    if (checked.ok()) return tls;
    return base::Fail(base::Code::kUnavailable, "tls.crt and tls.key of {}: {}", folder_,
                      checked.error().message());
  }

  void AwaitChange(const base::Until& until) override { until.Pause(kFolderLook); }

 private:
  const std::string folder_;
};

class SelfMadeCertificates final : public WebhookCertificates {
 public:
  SelfMadeCertificates(SelfMadeOptions options, kube::Client& client, base::Clock& clock,
                       base::Log log)
      : options_(std::move(options)),
        client_(client),
        clock_(clock),
        log_(log),
        secrets_(client, WatchOf(kSecret, options_.secret), clock, log),
        configurations_(client, WatchOf(kConfiguration, {"", options_.configuration}), clock, log),
        on_secret_(secrets_.Subscribe([this](const kube::Change&) { Wake(); })),
        on_configuration_(configurations_.Subscribe([this](const kube::Change&) { Wake(); })) {}

  base::Result<net::ServerTls> Get(const base::Until& until) override {
    woken_.With([](bool& woken) { woken = false; });
    const WebhookIdentity identity = TRY(Settle(until));
    renew_at_ = RenewAt(identity, options_.names);
    return net::ServerTls{identity.serving.certificate_pem, identity.serving.key_pem};
  }

  void AwaitChange(const base::Until& until) override {
    const auto left = std::max<base::Duration>(renew_at_ - clock_.WallNow(), base::Duration{});
    // Waits of days are cut into pieces: the clock's date may be set meanwhile.
    const base::Until soon = until.Within(std::min<base::Duration>(left, std::chrono::hours(1)));
    static_cast<void>(woken_.Await(soon, [](bool woken) { return woken; }));
  }

 private:
  static kube::StoreOptions WatchOf(const kube::Kind& kind, const kube::Key& key) {
    return {kind, key.ns, {}, "metadata.name=" + key.name};
  }

  void Wake() {
    woken_.With([](bool& woken) { woken = true; });
  }

  // Makes Secret and configuration agree, whoever else writes them.
  base::Result<WebhookIdentity> Settle(const base::Until& until) {
    for (int tries = 0; tries < kMostTries; ++tries) {
      // In this order: what is written to the configuration is then never older than what another
      // replica wrote there, or the write is a conflict.
      auto configuration = client_.Get(kConfiguration, {"", options_.configuration}, until);
      if (!configuration.ok() && !configuration.Is(base::Code::kNotFound)) {
        return std::move(configuration).error();
      }
      auto identity = Identify(until);
      if (IsRace(identity)) continue;
      if (!identity.ok()) return std::move(identity).error();
      if (!configuration.ok()) return identity;
      auto trusted = Trust(*std::move(configuration), identity->authorities_pem, until);
      if (IsRace(trusted)) continue;
      if (!trusted.ok()) return std::move(trusted).error();
      return identity;
    }
    return base::Fail(base::Code::kUnavailable,
                      "Secret {} and ValidatingWebhookConfiguration {} change all the time",
                      options_.secret.Text(), options_.configuration);
  }

  template <typename T>
  static bool IsRace(const base::Result<T>& result) {
    return result.Is(base::Code::kConflict) || result.Is(base::Code::kExists) ||
           result.Is(base::Code::kNotFound);
  }

  // The identity of the Secret; a new one where there is none, or its time is over. kConflict,
  // kExists, kNotFound: another replica was faster.
  base::Result<WebhookIdentity> Identify(const base::Until& until) {
    auto secret = client_.Get(kSecret, options_.secret, until);
    if (!secret.ok() && !secret.Is(base::Code::kNotFound)) return std::move(secret).error();
    std::optional<WebhookIdentity> known;
    if (secret.ok()) known = ReadWebhookIdentity(*secret);
    if (known && RenewAt(*known, options_.names) > clock_.WallNow()) return *std::move(known);
    const WebhookIdentity fresh = TRY(
        MakeWebhookIdentity(options_.names, known ? known->authorities_pem : "", clock_.WallNow()));
    if (secret.ok()) {
      kube::Object changed = *std::move(secret);
      changed.json()["data"] = WriteWebhookIdentity(fresh);
      TRY(client_.Update(changed, until));
    } else {
      TRY(client_.Create(NewSecret(fresh), until));
    }
    log_.Info("webhook certificate made", {{"secret", options_.secret.Text()}});
    return fresh;
  }

  kube::Object NewSecret(const WebhookIdentity& identity) const {
    return kube::Object(kube::Json{
        {"apiVersion", "v1"},
        {"kind", "Secret"},
        {"metadata", {{"name", options_.secret.name}, {"namespace", options_.secret.ns}}},
        {"data", WriteWebhookIdentity(identity)}});
  }

  // Puts the authorities into every webhook that has others.
  base::Result<> Trust(kube::Object configuration, const std::string& authorities,
                       const base::Until& until) {
    const std::string bundle = net::Base64Encode(authorities);
    bool changed = false;
    kube::Json& json = configuration.json();
    if (!json.contains("webhooks") || !json["webhooks"].is_array()) return base::Ok();
    for (kube::Json& webhook : json["webhooks"]) {
      if (value::FindString(webhook, {"clientConfig", "caBundle"}) == bundle) continue;
      webhook["clientConfig"]["caBundle"] = bundle;
      changed = true;
    }
    if (!changed) return base::Ok();
    TRY(client_.Update(configuration, until));
    log_.Info("webhook registered", {{"configuration", options_.configuration}});
    return base::Ok();
  }

  const SelfMadeOptions options_;
  kube::Client& client_;
  base::Clock& clock_;
  base::Log log_;
  base::WallTime renew_at_{};
  base::Guarded<bool> woken_{false};
  kube::Store secrets_;
  kube::Store configurations_;
  kube::Store::Subscription on_secret_;
  kube::Store::Subscription on_configuration_;
};

}  // namespace

std::unique_ptr<WebhookCertificates> MakeFolderCertificates(const std::string& folder) {
  return std::make_unique<FolderCertificates>(folder);
}

std::unique_ptr<WebhookCertificates> MakeSelfMadeCertificates(SelfMadeOptions options,
                                                              kube::Client& client,
                                                              base::Clock& clock, base::Log log) {
  return std::make_unique<SelfMadeCertificates>(std::move(options), client, clock, std::move(log));
}

}  // namespace vmafx::operators
