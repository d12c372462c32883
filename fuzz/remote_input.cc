// What a worker reads to find an input, and what the places where inputs lie answer. The first byte
// says which reader gets the rest.

#include "base/check.h"
#include "base/text.h"
#include "fuzz/input.h"
#include "value/json.h"
#include "vmafx/api/source_uri.h"
#include "vmafx/node/file_uri.h"
#include "vmafx/node/http_answer.h"
#include "vmafx/node/rclone_answer.h"

namespace {

using value::Json;

// Each path can be spelt; and what the operator takes for a local file has one.
void ReadUri(std::string_view text) {
  const std::string uri(text);
  const auto path = vmafx::node::PathOfFileUri(uri);
  CHECK(path.ok() || !path.error().message().empty());
  if (const auto form = vmafx::api::ReadSourceUri(text); form.ok() && form->IsFile())
    CHECK(path.ok());
  if (!path.ok()) return;
  CHECK(path->starts_with('/') && path->find('\0') == std::string::npos);
  std::string spelt = "file://";
  for (const char c : *path)
    spelt += c == '/' ? "/" : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  CHECK(*vmafx::node::PathOfFileUri(spelt) == *path);
}

void CheckChecksum(const vmafx::node::Checksum& checksum) {
  const size_t digits = checksum.algorithm == "md5" ? 32 : checksum.algorithm == "sha1" ? 40 : 64;
  CHECK(checksum.hex.size() == digits);
  CHECK(checksum.hex.find_first_not_of("0123456789abcdef") == std::string::npos);
}

void ReadObject(std::string_view text) {
  const auto object = vmafx::node::ReadRcloneObject(text);
  if (!object) return;
  Json json = {{"ModTime", object->modified}};
  if (object->info.size) json["Size"] = *object->info.size;
  if (const auto& checksum = object->info.checksum) {
    CheckChecksum(*checksum);
    json["Hashes"][checksum->algorithm] = checksum->hex;
  }
  const auto again = vmafx::node::ReadRcloneObject(json.dump());
  CHECK(again && again->info.size == object->info.size && again->modified == object->modified);
  CHECK(again->info.checksum.has_value() == object->info.checksum.has_value());
}

void ReadListing(std::string_view text) {
  const auto names = vmafx::node::ReadRcloneListing(text);
  if (!names) return;
  Json list = Json::array();
  for (const std::string& name : *names) {
    CHECK(!name.empty() && name.find_first_of("\r\n\x1b") == std::string::npos);
    list.push_back({{"Name", name}});
  }
  CHECK(vmafx::node::ReadRcloneListing(list.dump()) == names);
}

// Headers, one a line; the status is in the first byte.
void ReadHeaders(std::string_view text) {
  net::Response response;
  response.status = !text.empty() && text[0] == '6' ? 206 : 200;
  for (const std::string& line : base::Split(text.substr(std::min<size_t>(1, text.size())), '\n')) {
    const size_t colon = std::min(line.find(':'), line.size());
    response.headers[base::Lower(line.substr(0, colon))] =
        base::Trim(std::string_view(line).substr(std::min(colon + 1, line.size())));
  }
  const auto answer = vmafx::node::ReadHttpAnswer(response);
  CHECK(answer.ok() || !answer.error().message().empty());
  if (!answer.ok()) return;
  if (response.status == 206 && answer->info.size) CHECK(answer->first < *answer->info.size);
  if (response.status == 200) CHECK(answer->first == 0);
  if (answer->info.checksum) CheckChecksum(*answer->info.checksum);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  constexpr void (*kReaders[])(std::string_view) = {ReadUri, ReadObject, ReadListing, ReadHeaders};
  kReaders[data[0] % std::size(kReaders)](fuzz::Text(data + 1, size - 1));
  return 0;
}
