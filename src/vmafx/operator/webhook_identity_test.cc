#include "vmafx/operator/webhook_identity.h"

#include <gtest/gtest.h>

namespace vmafx::operators {
namespace {

using std::chrono::hours;

constexpr base::WallTime kNow = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};
const std::vector<std::string> kNames = {"hook.system.svc", "hook.system.svc.cluster.local"};

kube::Object Secret(const kube::Json& data) {
  return kube::Object(kube::Json{{"metadata", {{"name", "hook"}}}, {"data", data}});
}

size_t Certificates(const std::string& pem) {
  size_t count = 0;
  for (size_t at = pem.find("BEGIN CERT"); at != pem.npos; at = pem.find("BEGIN CERT", at + 1)) {
    ++count;
  }
  return count;
}

TEST(WebhookIdentityTest, IsValidForAYearAndRenewedAfterTwoThirdsOfIt) {
  const WebhookIdentity identity = *MakeWebhookIdentity(kNames, "", kNow);

  const auto facts = *net::ReadCertificate(identity.serving.certificate_pem);
  EXPECT_EQ(facts.dns_names, kNames);
  EXPECT_EQ(facts.to, kNow + hours(24 * 365));
  EXPECT_TRUE(net::CheckKeyPair(identity.serving).ok());
  const base::WallTime renew = RenewAt(identity, kNames);
  EXPECT_GT(renew, kNow + hours(24 * 243));
  EXPECT_LT(renew, kNow + hours(24 * 244));
}

TEST(WebhookIdentityTest, KeepsItsNamesOrIsRenewedAtOnce) {
  const WebhookIdentity identity = *MakeWebhookIdentity(kNames, "", kNow);

  EXPECT_LT(RenewAt(identity, {"other.system.svc"}), kNow);
  EXPECT_LT(RenewAt({}, kNames), kNow);
  EXPECT_TRUE(MakeWebhookIdentity({}, "", kNow).Is(base::Code::kInvalid));
}

TEST(WebhookIdentityTest, GoesOnTrustingTheOneBeforeUntilThatExpires) {
  const WebhookIdentity first = *MakeWebhookIdentity(kNames, "", kNow);
  const WebhookIdentity second =
      *MakeWebhookIdentity(kNames, first.authorities_pem, kNow + hours(24 * 250));
  const WebhookIdentity third =
      *MakeWebhookIdentity(kNames, second.authorities_pem, kNow + hours(24 * 500));
  const WebhookIdentity late =
      *MakeWebhookIdentity(kNames, first.authorities_pem, kNow + hours(24 * 366));

  EXPECT_TRUE(second.authorities_pem.ends_with(first.authorities_pem));
  EXPECT_EQ(Certificates(second.authorities_pem), 2u);
  EXPECT_EQ(Certificates(third.authorities_pem), 2u) << "they must not pile up";
  EXPECT_EQ(Certificates(late.authorities_pem), 1u);
}

TEST(WebhookIdentityTest, ReadsBackFromASecret) {
  const WebhookIdentity identity = *MakeWebhookIdentity(kNames, "", kNow);
  const kube::Json data = WriteWebhookIdentity(identity);

  const auto read = ReadWebhookIdentity(Secret(data));

  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->authorities_pem, identity.authorities_pem);
  EXPECT_EQ(read->serving.certificate_pem, identity.serving.certificate_pem);
  EXPECT_EQ(read->serving.key_pem, identity.serving.key_pem);
}

TEST(WebhookIdentityTest, TakesASecretThatIsNotWholeForNone) {
  const kube::Json whole = WriteWebhookIdentity(*MakeWebhookIdentity(kNames, "", kNow));
  EXPECT_FALSE(ReadWebhookIdentity(Secret(nullptr)).has_value());
  EXPECT_FALSE(ReadWebhookIdentity(Secret(kube::Json::object())).has_value());
  for (const char* item : {"ca.crt", "tls.crt", "tls.key"}) {
    for (const kube::Json& value : {kube::Json(), kube::Json("%%"), kube::Json("aGVsbG8="),
                                    kube::Json(7), kube::Json::object()}) {
      kube::Json broken = whole;
      broken[item] = value;
      EXPECT_FALSE(ReadWebhookIdentity(Secret(broken)).has_value()) << item << " " << value.dump();
    }
  }
  kube::Json mixed = whole;
  mixed["tls.key"] = WriteWebhookIdentity(*MakeWebhookIdentity(kNames, "", kNow)).at("tls.key");
  EXPECT_FALSE(ReadWebhookIdentity(Secret(mixed)).has_value()) << "a key of another certificate";
}

}  // namespace
}  // namespace vmafx::operators
