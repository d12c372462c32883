// What a registry of models and its token server answer, and whom we show which credentials. The
// first byte says which reader gets the rest.

#include "vmafx/trainer/registry.h"

#include "base/check.h"
#include "base/text.h"
#include "fuzz/input.h"
#include "net/certificates.h"
#include "value/utf8.h"

namespace {

namespace trainer = vmafx::trainer;
using trainer::Challenge;
using value::Json;

std::string Write(const Challenge& challenge) {
  std::string text = challenge.scheme;
  std::string before = " ";
  for (const auto& [name, value] : challenge.parameters) {
    text += std::exchange(before, ", ") + name + "=\"";
    for (const char c : value)
      text += c == '"' || c == '\\' ? std::string("\\") + c : std::string{c};
    text += '"';
  }
  return text;
}

void ReadChallenge(std::string_view text) {
  const Challenge challenge = trainer::ReadChallenge(text);
  CHECK(challenge.parameters.size() <= 32);
  CHECK(!challenge.scheme.empty() || challenge.parameters.empty());
  CHECK(challenge.scheme == base::Lower(challenge.scheme));
  CHECK(challenge.scheme.find_first_of(" ,\"") == std::string::npos);
  const Challenge again = trainer::ReadChallenge(Write(challenge));
  CHECK(again.scheme == challenge.scheme && again.parameters == challenge.parameters);
}

// A docker config.json.
void FindCredentials(std::string_view text) {
  constexpr char kHost[] = "registry:5000";
  const auto found = trainer::FindCredentials(text, kHost);
  CHECK(found.ok() || !found.error().message().empty());
  if (!found.ok() || !*found) return;
  const trainer::Credentials& here = **found;
  Json entry;
  if (here.user.find(':') == std::string::npos) {
    entry["auth"] = net::Base64Encode(here.user + ":" + here.password);
  } else {
    entry = {{"username", here.user}, {"password", here.password}};
  }
  const auto again = trainer::FindCredentials(
      Json{{"auths", {{std::string("https://") + kHost + "/v2/", entry}}}}.dump(), kHost);
  CHECK(again.ok() && *again);
  CHECK((**again).user == here.user && (**again).password == here.password);
}

void ReadToken(std::string_view text) {
  const auto token = trainer::ReadToken(text);
  CHECK(token.ok() || !token.error().message().empty());
  if (!token.ok()) return;
  for (const char c : *token) CHECK(c > ' ' && c <= '~');
  CHECK(*trainer::ReadToken(Json{{"token", *token}}.dump()) == *token);
}

// The message goes into JSON that others read.
void ReadManifest(std::string_view text) {
  const auto layer = trainer::ReadManifest(text);
  if (!layer.ok()) {
    CHECK(value::FindInvalidUtf8(layer.error().message()) == std::string::npos);
    return;
  }
  CHECK(layer->digest.size() == 71 && layer->size <= 64 << 20);
  const Json written = {
      {"mediaType", trainer::kModelLayerType}, {"digest", layer->digest}, {"size", layer->size}};
  const auto again = trainer::ReadManifest(Json{{"layers", Json::array({written})}}.dump());
  CHECK(again.ok() && again->digest == layer->digest && again->size == layer->size);
}

// What is ours is read back.
void PushAndPull(std::string_view text) {
  const trainer::ModelArtifact artifact{std::string(text), "{}", {{"note", std::string(text)}}};
  const auto layer = trainer::ReadManifest(trainer::MakeManifest(artifact));
  CHECK(layer.ok() && layer->size == text.size() && layer->digest == trainer::Digest(text));
}

void ReadBase64(std::string_view text) {
  const auto bytes = net::Base64Decode(text);
  if (!bytes.ok()) return;
  CHECK(*net::Base64Decode(net::Base64Encode(*bytes)) == *bytes);
  size_t digits = 0;
  for (const char c : text) digits += c > ' ' && c != '=' ? 1 : 0;
  CHECK(bytes->size() == digits * 3 / 4);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  constexpr void (*kReaders[])(std::string_view) = {ReadChallenge, FindCredentials, ReadToken,
                                                    ReadManifest,  PushAndPull,     ReadBase64};
  kReaders[data[0] % std::size(kReaders)](fuzz::Text(data + 1, size - 1));
  return 0;
}
