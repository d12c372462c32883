#include "net/certificates.h"

#include <chrono>
#include <memory>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace net {
namespace {

using base::Code;
using base::Fail;
using base::Result;

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};
using BioPtr = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freer<X509_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;
using NamePtr = std::unique_ptr<GENERAL_NAME, Freer<GENERAL_NAME_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, Freer<BN_free>>;

// The reason of the last failed OpenSSL call, and an empty queue for the next.
base::Error OpenSslError(std::string_view what) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return Fail(Code::kInternal, "{}: {}", what, reason == nullptr ? "no reason given" : reason);
}

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, size > 0 ? static_cast<size_t>(size) : 0);
}

Result<KeyPtr> MakeKey() {
  KeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) return OpenSslError("making a P-256 key");
  return key;
}

Result<std::string> PrivatePem(EVP_PKEY* key) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return OpenSslError("writing a private key");
  }
  return TextOf(bio.get());
}

Result<std::string> CertificatePem(X509* certificate) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(bio.get(), certificate) != 1) {
    return OpenSslError("writing a certificate");
  }
  return TextOf(bio.get());
}

BioPtr Reading(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Result<> AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  if (extension == nullptr || X509_add_ext(certificate, extension.get(), -1) != 1) {
    return OpenSslError(fmt::format("certificate extension {}", OBJ_nid2sn(nid)));
  }
  return base::Ok();
}

Result<NamePtr> AlternativeName(int type, const std::string& text) {
  NamePtr name(GENERAL_NAME_new());
  if (type == GEN_DNS) {
    ASN1_IA5STRING* value = ASN1_IA5STRING_new();
    ASN1_STRING_set(value, text.data(), static_cast<int>(text.size()));
    GENERAL_NAME_set0_value(name.get(), GEN_DNS, value);
    return name;
  }
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(text.c_str());
  ERR_clear_error();
  if (address == nullptr) return Fail(Code::kInvalid, "\"{}\" is not an IP address", text);
  GENERAL_NAME_set0_value(name.get(), GEN_IPADD, address);
  return name;
}

// Built name by name, not from one "DNS:a,IP:b" text, so that no odd name can smuggle in another.
Result<> AddAlternativeNames(X509* certificate, const CertificateRequest& request) {
  NamesPtr names(GENERAL_NAMES_new());
  for (const std::string& dns_name : request.dns_names) {
    sk_GENERAL_NAME_push(names.get(), TRY(AlternativeName(GEN_DNS, dns_name)).release());
  }
  for (const std::string& address : request.ip_addresses) {
    sk_GENERAL_NAME_push(names.get(), TRY(AlternativeName(GEN_IPADD, address)).release());
  }
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) != 1) {
    return OpenSslError("alternative names");
  }
  return base::Ok();
}

Result<base::WallTime> TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return OpenSslError("reading a certificate's time");
  return base::WallTime::clock::from_time_t(timegm(&parts));
}

Result<> AddToSubject(X509* certificate, const char* field, const std::string& value) {
  if (X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), field, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(value.data()),
                                 static_cast<int>(value.size()), -1, 0) != 1) {
    ERR_clear_error();
    return Fail(Code::kInvalid, "certificate subject {}=\"{}\" is empty, too long or not UTF-8",
                field, value);
  }
  return base::Ok();
}

// A certificate with serial, validity and key, still without subject, extensions and signature.
Result<CertificatePtr> Blank(EVP_PKEY* key, base::WallTime now, base::Duration valid_for) {
  CertificatePtr certificate(X509_new());
  NumberPtr serial(BN_new());
  constexpr int kSerialBits = 127;  // positive and at most 20 octets: RFC 5280 4.1.2.2
  const std::time_t start = base::WallTime::clock::to_time_t(now - std::chrono::hours(1));
  const std::time_t end = base::WallTime::clock::to_time_t(now + valid_for);
  if (certificate == nullptr || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) != 1 ||
      BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get())) == nullptr ||
      ASN1_TIME_set(X509_getm_notBefore(certificate.get()), start) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate.get()), end) == nullptr ||
      X509_set_pubkey(certificate.get(), key) != 1) {
    return OpenSslError("making a certificate");
  }
  return certificate;
}

Result<KeyPair> Sign(X509* certificate, EVP_PKEY* own_key, X509* issuer, EVP_PKEY* issuer_key) {
  if (X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) != 1 ||
      X509_sign(certificate, issuer_key, EVP_sha256()) == 0) {
    return OpenSslError("signing a certificate");
  }
  return KeyPair{TRY(CertificatePem(certificate)), TRY(PrivatePem(own_key))};
}

Result<> AddLeafExtensions(X509* certificate, X509* issuer, const CertificateRequest& request) {
  const bool server = !request.dns_names.empty() || !request.ip_addresses.empty();
  if (!server && !request.client) {
    return Fail(Code::kInvalid, "a certificate is for a client or has names to serve");
  }
  std::string usage;
  if (server) usage = "serverAuth";
  if (request.client) usage += server ? ",clientAuth" : "clientAuth";
  TRY(AddExtension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE"));
  TRY(AddExtension(certificate, issuer, NID_key_usage, "critical,digitalSignature"));
  TRY(AddExtension(certificate, issuer, NID_ext_key_usage, usage.c_str()));
  TRY(AddExtension(certificate, issuer, NID_authority_key_identifier, "keyid"));
  if (server) TRY(AddAlternativeNames(certificate, request));
  return base::Ok();
}

}  // namespace

Result<KeyPair> MakeAuthority(const std::string& common_name, base::WallTime now,
                              base::Duration valid_for) {
  const KeyPtr key = TRY(MakeKey());
  const CertificatePtr certificate = TRY(Blank(key.get(), now, valid_for));
  X509* self = certificate.get();
  TRY(AddToSubject(self, "CN", common_name));
  TRY(AddExtension(self, self, NID_basic_constraints, "critical,CA:TRUE"));
  TRY(AddExtension(self, self, NID_key_usage, "critical,digitalSignature,keyCertSign,cRLSign"));
  TRY(AddExtension(self, self, NID_subject_key_identifier, "hash"));
  return Sign(self, key.get(), self, key.get());
}

Result<KeyPair> IssueCertificate(const KeyPair& authority, const CertificateRequest& request,
                                 base::WallTime now) {
  const CertificatePtr issuer(
      PEM_read_bio_X509(Reading(authority.certificate_pem).get(), nullptr, nullptr, nullptr));
  const KeyPtr issuer_key(
      PEM_read_bio_PrivateKey(Reading(authority.key_pem).get(), nullptr, nullptr, nullptr));
  if (issuer == nullptr || issuer_key == nullptr) {
    ERR_clear_error();
    return Fail(Code::kInvalid, "the authority is not a certificate and a key in PEM");
  }
  const KeyPtr key = TRY(MakeKey());
  const CertificatePtr certificate = TRY(Blank(key.get(), now, request.valid_for));
  for (const std::string& organization : request.organizations) {
    TRY(AddToSubject(certificate.get(), "O", organization));
  }
  TRY(AddToSubject(certificate.get(), "CN", request.common_name));
  TRY(AddLeafExtensions(certificate.get(), issuer.get(), request)
          .During(fmt::format("certificate {}", request.common_name)));
  return Sign(certificate.get(), key.get(), issuer.get(), issuer_key.get());
}

Result<CertificateFacts> ReadCertificate(const std::string& pem) {
  const CertificatePtr certificate(
      PEM_read_bio_X509(Reading(pem).get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (certificate == nullptr) return Fail(Code::kInvalid, "not a certificate in PEM");
  CertificateFacts facts;
  facts.from = TRY(TimeOf(X509_get0_notBefore(certificate.get())));
  facts.to = TRY(TimeOf(X509_get0_notAfter(certificate.get())));
  const NamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    facts.dns_names.emplace_back(
        reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
        static_cast<size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  return facts;
}

Result<> CheckKeyPair(const KeyPair& pair) {
  const CertificatePtr certificate(
      PEM_read_bio_X509(Reading(pair.certificate_pem).get(), nullptr, nullptr, nullptr));
  // Never asks a terminal for a pass phrase.
  const auto no_phrase = [](char*, int, int, void*) { return -1; };
  const KeyPtr key(
      PEM_read_bio_PrivateKey(Reading(pair.key_pem).get(), nullptr, no_phrase, nullptr));
  ERR_clear_error();
  if (certificate == nullptr) return Fail(Code::kInvalid, "the certificate is not PEM");
  if (key == nullptr) return Fail(Code::kInvalid, "the key is not PEM, or is encrypted");
  const bool fits = X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (!fits) return Fail(Code::kInvalid, "the key does not belong to the certificate");
  return base::Ok();
}

Result<SigningKey> MakeSigningKey() {
  const KeyPtr key = TRY(MakeKey());
  BioPtr bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PUBKEY(bio.get(), key.get()) != 1) return OpenSslError("writing a public key");
  return SigningKey{TRY(PrivatePem(key.get())), TextOf(bio.get())};
}

std::string Base64Encode(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '\0');
  // EncodeBlock writes a closing zero: onto the string's own.
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                  reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  return text;
}

Result<std::string> Base64Decode(std::string_view text) {
  std::string compact;
  for (const char c : text) {
    if (c != '\n' && c != '\r' && c != ' ' && c != '\t') compact += c;
  }
  size_t padding = 0;
  while (padding < 2 && padding < compact.size() && compact[compact.size() - 1 - padding] == '=') {
    ++padding;
  }
  std::string bytes(compact.size() / 4 * 3, '\0');
  // DecodeBlock counts padding as zero bytes and would take '=' anywhere, and '-' at the end.
  const std::string_view content = std::string_view(compact).substr(0, compact.size() - padding);
  const bool stray = content.find_first_of("=-") != std::string_view::npos;
  const int size = compact.size() % 4 != 0 || stray
                       ? -1
                       : EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                         reinterpret_cast<const unsigned char*>(compact.data()),
                                         static_cast<int>(compact.size()));
  if (size < 0) return Fail(Code::kInvalid, "not base64");
  bytes.resize(static_cast<size_t>(size) - padding);
  return bytes;
}

std::string Sha256Hex(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr) == 1);
  std::string text;
  for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::string RandomHex(size_t count) {
  std::string bytes(count, '\0');
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1);
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

}  // namespace net
