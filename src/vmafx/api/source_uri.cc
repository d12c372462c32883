#include "vmafx/api/source_uri.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace vmafx::api {
namespace {

using base::Code;
using base::Fail;

constexpr size_t kLongest = 4096;
constexpr char kForms[] =
    "file:///PATH, s3://BUCKET/KEY, https://HOST/PATH or rclone://REMOTE/BUCKET/KEY";

bool IsControl(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool IsSpace(char c) {
  return c == ' ';
}

bool IsHex(char c) {
  return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}

bool IsScheme(std::string_view word) {
  if (word.empty() || std::isalpha(static_cast<unsigned char>(word[0])) == 0) return false;
  return std::ranges::all_of(word, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' || c == '.';
  });
}

base::Result<> CheckCharacters(std::string_view text) {
  if (text.empty()) return base::Error(Code::kInvalid, fmt::format("is empty: write {}", kForms));
  if (text.size() > kLongest) {
    return Fail(Code::kInvalid, "has {} characters: at most {}", text.size(), kLongest);
  }
  const auto control = std::ranges::find_if(text, IsControl);
  if (control != text.end()) {
    return Fail(Code::kInvalid, "has a control character (number {}) at position {}",
                static_cast<int>(*control), control - text.begin() + 1);
  }
  if (IsSpace(text.front()) || IsSpace(text.back())) {
    return Fail(Code::kInvalid, "\"{}\" begins or ends with a space", text);
  }
  return base::Ok();
}

// A percent sign in a URL, file:// too, starts an escape; in a plain path and in the keys of a
// store it is a character like others.
base::Result<> CheckEscapes(std::string_view text) {
  for (size_t at = text.find('%'); at != text.npos; at = text.find('%', at + 1)) {
    if (at + 2 >= text.size() || !IsHex(text[at + 1]) || !IsHex(text[at + 2])) {
      return Fail(Code::kInvalid, "\"{}\" has a % without two hexadecimal digits: write %25 for it",
                  text);
    }
    if (text.substr(at + 1, 2) == "00") {
      return Fail(Code::kInvalid, "\"{}\" has a %00, which no name may hold", text);
    }
  }
  return base::Ok();
}

base::Result<> CheckParts(const SourceUri& uri, std::string_view text) {
  if (uri.IsFile()) {
    if (uri.authority.empty() && uri.path.size() > 1 && uri.path[0] == '/') return base::Ok();
    return Fail(Code::kInvalid, "\"{}\" is no local file: write file:///PATH, with three slashes",
                text);
  }
  if (uri.authority.empty()) {
    return Fail(Code::kInvalid, "\"{}\" names nothing after {}://: write {}", text, uri.scheme,
                kForms);
  }
  if (uri.scheme == "http" || uri.scheme == "https") {
    if (uri.authority.find('@') != uri.authority.npos) {
      return Fail(Code::kInvalid,
                  "{}://{} must not hold credentials: use a signed URL or rclone://", uri.scheme,
                  uri.authority.substr(uri.authority.find('@') + 1));
    }
    if (text.find(' ') != text.npos) {
      return Fail(Code::kInvalid, "\"{}\" has a space: write %20 for it", text);
    }
    return CheckEscapes(text);
  }
  if (uri.scheme == "s3" && uri.path.size() < 2) {
    return Fail(Code::kInvalid, "\"{}\" names a bucket only: write s3://BUCKET/KEY", text);
  }
  for (const std::string& part : base::Split(uri.path, '/')) {
    if (part == "..") return Fail(Code::kInvalid, "\"{}\" must not hold \"..\"", text);
  }
  if (uri.path.ends_with('/')) {
    return Fail(Code::kInvalid, "\"{}\" names a folder: name the object in it", text);
  }
  const size_t colon = uri.authority.find(':');
  const bool in_remote =
      colon != uri.authority.npos && colon > 0 && colon + 1 < uri.authority.size();
  if (uri.scheme == "rclone" && uri.path.size() < 2 && !in_remote) {
    return Fail(Code::kInvalid,
                "\"{}\" names a remote only: write rclone://REMOTE/BUCKET/KEY or "
                "rclone://REMOTE:BUCKET/KEY",
                text);
  }
  return base::Ok();
}

}  // namespace

std::string SourceUri::Remote() const {
  if (IsFile() || scheme == "http" || scheme == "https") return "";
  return scheme == "rclone" ? authority.substr(0, authority.find(':')) : scheme;
}

bool SourceUri::IsRawVideo() const {
  const std::string name =
      base::Lower(path.substr(0, IsFile() ? path.npos : path.find_first_of("?#")));
  return name.ends_with(".yuv");
}

base::Result<SourceUri> ReadSourceUri(std::string_view text) {
  TRY(CheckCharacters(text));
  if (text.front() == '/') {
    SourceUri file{"file", "", std::string(text)};
    TRY(CheckParts(file, text));
    return file;
  }
  const size_t colon = text.find("://");
  if (colon == text.npos || !IsScheme(text.substr(0, colon))) {
    return Fail(Code::kInvalid, "\"{}\" is no URI: write {}", text, kForms);
  }
  const std::string_view rest = text.substr(colon + 3);
  const size_t slash = std::min(rest.find_first_of("/?#"), rest.size());
  SourceUri uri{base::Lower(text.substr(0, colon)), std::string(rest.substr(0, slash)),
                std::string(rest.substr(slash))};
  TRY(CheckParts(uri, text));
  if (uri.IsFile()) TRY(CheckEscapes(text));
  return uri;
}

}  // namespace vmafx::api
