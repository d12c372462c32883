#include "net/certificates.h"

#include <memory>

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace net {
namespace {

using namespace std::chrono_literals;

struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using CertificatePtr = std::unique_ptr<X509, FreeCertificate>;

CertificatePtr Parse(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  CertificatePtr certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
  BIO_free(bio);
  return certificate;
}

// X509_V_OK when `leaf` is valid for `purpose` at `when` under `authority`.
int Verify(const KeyPair& authority, const KeyPair& leaf, int purpose, base::WallTime when) {
  const CertificatePtr trusted = Parse(authority.certificate_pem);
  const CertificatePtr certificate = Parse(leaf.certificate_pem);
  X509_STORE* store = X509_STORE_new();
  X509_STORE_add_cert(store, trusted.get());
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, certificate.get(), nullptr);
  X509_STORE_CTX_set_purpose(context, purpose);
  X509_STORE_CTX_set_time(context, 0, base::WallTime::clock::to_time_t(when));
  X509_verify_cert(context);
  const int error = X509_STORE_CTX_get_error(context);
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  return error;
}

const base::WallTime kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 23};

TEST(CertificatesTest, AServerCertificateIsValidForItsNamesOnlyAndNotAsAClient) {
  const KeyPair authority = *MakeAuthority("test", kNow);
  const KeyPair leaf = *IssueCertificate(authority,
                                         {.common_name = "kube-apiserver",
                                          .dns_names = {"kubernetes.default.svc"},
                                          .ip_addresses = {"127.0.0.1", "fd00::1"}},
                                         kNow);

  const CertificatePtr certificate = Parse(leaf.certificate_pem);
  EXPECT_EQ(Verify(authority, leaf, X509_PURPOSE_SSL_SERVER, kNow), X509_V_OK);
  EXPECT_EQ(Verify(authority, leaf, X509_PURPOSE_SSL_CLIENT, kNow), X509_V_ERR_INVALID_PURPOSE);
  EXPECT_EQ(X509_check_host(certificate.get(), "kubernetes.default.svc", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate.get(), "example.com", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "fd00::1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "127.0.0.2", 0), 0);
}

TEST(CertificatesTest, AClientCertificateCarriesGroupsAndName) {
  const KeyPair authority = *MakeAuthority("test", kNow);
  const KeyPair leaf = *IssueCertificate(authority,
                                         {.common_name = "system:node:n1",
                                          .organizations = {"system:nodes", "second"},
                                          .client = true},
                                         kNow);

  char subject[200];
  X509_NAME_oneline(X509_get_subject_name(Parse(leaf.certificate_pem).get()), subject, 200);
  EXPECT_STREQ(subject, "/O=system:nodes/O=second/CN=system:node:n1");
  EXPECT_EQ(Verify(authority, leaf, X509_PURPOSE_SSL_CLIENT, kNow), X509_V_OK);
  EXPECT_EQ(Verify(authority, leaf, X509_PURPOSE_SSL_SERVER, kNow), X509_V_ERR_INVALID_PURPOSE);
}

TEST(CertificatesTest, ValidFromAnHourBeforeForTenYears) {
  const KeyPair authority = *MakeAuthority("test", kNow);
  const KeyPair leaf = *IssueCertificate(authority, {.common_name = "admin", .client = true}, kNow);
  const auto verify = [&](base::WallTime when) {
    return Verify(authority, leaf, X509_PURPOSE_SSL_CLIENT, when);
  };

  EXPECT_EQ(verify(kNow - 59min), X509_V_OK);
  EXPECT_EQ(verify(kNow - 61min), X509_V_ERR_CERT_NOT_YET_VALID);
  EXPECT_EQ(verify(kNow + 24h * 3651), X509_V_OK);
  EXPECT_EQ(verify(kNow + 24h * 3653), X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST(CertificatesTest, TellItsTimeAndNamesAndIsValidForAsLongAsAsked) {
  const KeyPair authority = *MakeAuthority("test", kNow, 24h * 365);
  const KeyPair leaf = *IssueCertificate(authority,
                                         {.common_name = "web",
                                          .dns_names = {"web", "web.default.svc"},
                                          .ip_addresses = {"127.0.0.1"},
                                          .valid_for = 24h * 30},
                                         kNow);

  const CertificateFacts facts = *ReadCertificate(leaf.certificate_pem);

  EXPECT_EQ(facts.from, kNow - 1h);
  EXPECT_EQ(facts.to, kNow + 24h * 30);
  EXPECT_EQ(facts.dns_names, (std::vector<std::string>{"web", "web.default.svc"}));
  EXPECT_EQ(ReadCertificate(authority.certificate_pem)->to, kNow + 24h * 365);
  EXPECT_TRUE(ReadCertificate("").Is(base::Code::kInvalid));
  EXPECT_TRUE(ReadCertificate("-----BEGIN CERTIFICATE-----\nno\n").Is(base::Code::kInvalid));
  EXPECT_TRUE(ReadCertificate(leaf.key_pem).Is(base::Code::kInvalid));
}

TEST(CertificatesTest, TellsWhetherAKeyBelongsToACertificate) {
  const KeyPair one = *MakeAuthority("one", kNow);
  const KeyPair other = *MakeAuthority("other", kNow);
  const auto why_not = [](const std::string& certificate, const std::string& key) {
    auto checked = CheckKeyPair({certificate, key});
    return checked.ok() ? "" : checked.error().message();
  };

  EXPECT_EQ(why_not(one.certificate_pem, one.key_pem), "");
  EXPECT_EQ(why_not(one.certificate_pem + other.certificate_pem, one.key_pem), "");
  EXPECT_EQ(why_not(one.certificate_pem, other.key_pem),
            "the key does not belong to the certificate");
  EXPECT_EQ(why_not("", one.key_pem), "the certificate is not PEM");
  EXPECT_EQ(why_not(one.certificate_pem, "x"), "the key is not PEM, or is encrypted");
}

TEST(CertificatesTest, AnotherAuthorityOfTheSameNameDoesNotVouchForIt) {
  const KeyPair authority = *MakeAuthority("test", kNow);
  const KeyPair other = *MakeAuthority("test", kNow);
  const KeyPair leaf = *IssueCertificate(authority, {.common_name = "admin", .client = true}, kNow);

  EXPECT_NE(Verify(other, leaf, X509_PURPOSE_SSL_CLIENT, kNow), X509_V_OK);
}

TEST(CertificatesTest, RefusesWhatCannotBeACertificateByName) {
  const KeyPair authority = *MakeAuthority("test", kNow);

  EXPECT_EQ(IssueCertificate(authority, {.common_name = "x"}, kNow).error().message(),
            "certificate x: a certificate is for a client or has names to serve");
  EXPECT_EQ(IssueCertificate(authority, {.common_name = "x", .ip_addresses = {"1.2.3"}}, kNow)
                .error()
                .message(),
            "certificate x: \"1.2.3\" is not an IP address");
  EXPECT_TRUE(IssueCertificate({"junk", "junk"}, {.common_name = "x", .client = true}, kNow)
                  .Is(base::Code::kInvalid));
  EXPECT_TRUE(MakeAuthority(std::string(100, 'x'), kNow).Is(base::Code::kInvalid));
}

TEST(CertificatesTest, SigningKeysArePemPairs) {
  const SigningKey key = *MakeSigningKey();

  EXPECT_EQ(key.private_pem.rfind("-----BEGIN PRIVATE KEY-----", 0), 0u);
  EXPECT_EQ(key.public_pem.rfind("-----BEGIN PUBLIC KEY-----", 0), 0u);
}

TEST(Base64Test, RoundTripsEveryLengthAndRefusesWhatIsNotBase64) {
  for (size_t length = 0; length < 70; ++length) {
    const std::string bytes(length, '\xfe');
    EXPECT_EQ(*Base64Decode(Base64Encode(bytes)), bytes) << length;
  }
  EXPECT_EQ(*Base64Decode("aGVs\nbG8=\n"), "hello");
  EXPECT_EQ(*Base64Decode(""), "");
  for (const char* bad : {"a", "aGVsbG8", "a=b=", "====", "aGVs!G8=", "aG=sbG8=", "aGVs----"}) {
    EXPECT_TRUE(Base64Decode(bad).Is(base::Code::kInvalid)) << bad;
  }
}

TEST(DigestTest, KnownAnswerAndRandomLength) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(RandomHex(8).size(), 16u);
  EXPECT_NE(RandomHex(16), RandomHex(16));
}

}  // namespace
}  // namespace net
