#include "vmafx/scoring/model_digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

// The files as libvmaf's build embeds them. Weak, because a shared libvmaf does not export them.
#define VMAFX_MODELS(X)                                        \
  X("vmaf_v0.6.1", src_vmaf_v0_6_1_json)                       \
  X("vmaf_v0.6.1neg", src_vmaf_v0_6_1neg_json)                 \
  X("vmaf_4k_v0.6.1", src_vmaf_4k_v0_6_1_json)                 \
  X("vmaf_4k_v0.6.1neg", src_vmaf_4k_v0_6_1neg_json)           \
  X("vmaf_v1.0.16_3d0h", src_vmaf_v1_0_16_3d0h_json)           \
  X("vmaf_v1.0.16_3d0h_2160", src_vmaf_v1_0_16_3d0h_2160_json) \
  X("vmaf_v1.0.16_5d0h", src_vmaf_v1_0_16_5d0h_json)           \
  X("vmaf_v1.0.16_1d5h_2160", src_vmaf_v1_0_16_1d5h_2160_json) \
  X("vmaf_v1.0.16_hfr_3d0h", src_vmaf_v1_0_16_hfr_3d0h_json)   \
  X("vmaf_v1.0.16_hfr_5d0h", src_vmaf_v1_0_16_hfr_5d0h_json)

extern "C" {
#define VMAFX_DECLARE(name, symbol)                               \
  [[gnu::weak]] extern const unsigned char symbol[]; /* NOLINT */ \
  [[gnu::weak]] extern const unsigned symbol##_len;  /* NOLINT */
VMAFX_MODELS(VMAFX_DECLARE)
}

namespace vmafx::scoring {
namespace {

struct Embedded {
  std::string_view name;
  const unsigned char* json;
  const unsigned* length;
};

const Embedded kEmbedded[] = {
#define VMAFX_ENTRY(name, symbol) {name, symbol, &symbol##_len},
    VMAFX_MODELS(VMAFX_ENTRY)
#undef VMAFX_ENTRY
};

}  // namespace

std::string ModelDigest(std::string_view model) {
  for (const Embedded& embedded : kEmbedded) {
    if (embedded.name != model || embedded.json == nullptr || embedded.length == nullptr) continue;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_Digest(embedded.json, *embedded.length, digest, &size, EVP_sha256(), nullptr) != 1) {
      return "";
    }
    std::string hex;
    for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
    return hex;
  }
  return "";
}

}  // namespace vmafx::scoring
