#include "vmafx/node/file_uri.h"

#include <charconv>

#include "base/text.h"

namespace vmafx::node {

using base::Code;
using base::Fail;
using base::Result;

namespace {

constexpr std::string_view kFile = "file://";
constexpr std::string_view kHere = "localhost";

Result<std::string> DecodePercent(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    unsigned char byte = 0;
    const char* begin = text.data() + i + 1;
    const bool whole = i + 2 < text.size();
    if (!whole || std::from_chars(begin, begin + 2, byte, 16).ptr != begin + 2 || byte == 0) {
      return Fail(Code::kInvalid, "\"{}\" has a bad percent-escape", text);
    }
    decoded += static_cast<char>(byte);
    i += 2;
  }
  return decoded;
}

}  // namespace

Result<std::string> PathOfFileUri(const std::string& uri) {
  if (uri.find('\0') != std::string::npos) return Fail(Code::kInvalid, "a path with a zero byte");
  if (uri.starts_with('/')) return uri;
  if (base::Lower(uri.substr(0, kFile.size())) != kFile) {
    return Fail(Code::kInvalid, "{}: is no local file", uri);
  }
  std::string_view rest = std::string_view(uri).substr(kFile.size());
  if (rest.starts_with("localhost/")) rest.remove_prefix(kHere.size());
  if (!rest.starts_with('/')) {
    return Fail(Code::kInvalid, "{} names a host: write file:///absolute/path", uri);
  }
  return DecodePercent(rest);
}

}  // namespace vmafx::node
