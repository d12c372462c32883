#include "vmafx/api/image_reference.h"

#include <algorithm>
#include <string>

#include "base/text.h"

namespace vmafx::api {
namespace {

using base::Code;
using base::Fail;
using base::Result;

constexpr size_t kLongestName = 255;
constexpr size_t kLongestTag = 128;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsLower(char c) {
  return c >= 'a' && c <= 'z';
}
bool IsUpper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool IsAlnum(char c) {
  return IsDigit(c) || IsLower(c) || IsUpper(c);
}

// Lower-case words joined by ".", "_", "__" or dashes.
bool IsPathPart(std::string_view part) {
  const auto is_word = [](char c) { return IsDigit(c) || IsLower(c); };
  if (part.empty() || !is_word(part.front()) || !is_word(part.back())) return false;
  for (size_t i = 0; i < part.size();) {
    if (is_word(part[i])) {
      ++i;
      continue;
    }
    size_t end = i;
    while (!is_word(part[end])) ++end;  // the last one is a word
    const std::string_view joint = part.substr(i, end - i);
    const bool dashes = joint.find_first_not_of('-') == joint.npos;
    if (!dashes && joint != "." && joint != "_" && joint != "__") return false;
    i = end;
  }
  return true;
}

bool IsHostPart(std::string_view part) {
  return !part.empty() && IsAlnum(part.front()) && IsAlnum(part.back()) &&
         std::ranges::all_of(part, [](char c) { return IsAlnum(c) || c == '-'; });
}

bool IsHost(std::string_view text) {
  const size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  if (colon != text.npos) {
    const std::string_view port = text.substr(colon + 1);
    if (port.empty() || port.size() > 5 || !std::ranges::all_of(port, IsDigit)) return false;
  }
  return std::ranges::all_of(base::Split(name, '.'), IsHostPart);
}

// The first part of a name is a host when it cannot be a path.
bool LooksLikeHost(std::string_view part) {
  return part.find_first_of(".:") != part.npos || part == "localhost" ||
         std::ranges::any_of(part, IsUpper);
}

Result<> CheckName(std::string_view name) {
  if (name.empty()) return base::Error(Code::kInvalid, "has no name before its tag");
  if (name.size() > kLongestName) {
    return Fail(Code::kInvalid, "has a name of {} characters: at most {}", name.size(),
                kLongestName);
  }
  std::vector<std::string> parts = base::Split(name, '/');
  if (parts.size() > 1 && LooksLikeHost(parts[0])) {
    if (!IsHost(parts[0])) return Fail(Code::kInvalid, "has no valid host: \"{}\"", parts[0]);
    parts.erase(parts.begin());
  }
  for (const std::string& part : parts) {
    if (IsPathPart(part)) continue;
    if (std::ranges::any_of(part, IsUpper)) {
      return Fail(Code::kInvalid, "has upper case in \"{}\": names are lower case", part);
    }
    return Fail(Code::kInvalid, "has an invalid part \"{}\" in its name", part);
  }
  return base::Ok();
}

Result<> CheckTag(std::string_view tag) {
  const bool valid = !tag.empty() && tag.size() <= kLongestTag &&
                     (IsAlnum(tag[0]) || tag[0] == '_') && std::ranges::all_of(tag, [](char c) {
                       return IsAlnum(c) || c == '_' || c == '.' || c == '-';
                     });
  if (valid) return base::Ok();
  return Fail(Code::kInvalid, "has an invalid tag \"{}\"", tag);
}

Result<> CheckDigest(std::string_view digest) {
  constexpr std::string_view kAlgorithm = "sha256:";
  constexpr size_t kHexLength = 64;
  const bool valid =
      digest.starts_with(kAlgorithm) && digest.size() == kAlgorithm.size() + kHexLength &&
      std::ranges::all_of(digest.substr(kAlgorithm.size()),
                          [](char c) { return IsDigit(c) || (c >= 'a' && c <= 'f'); });
  if (valid) return base::Ok();
  return Fail(Code::kInvalid,
              "has an invalid digest \"{}\": write sha256: and 64 hexadecimal digits", digest);
}

Result<> Check(std::string_view text) {
  const size_t at = text.find('@');
  std::string_view name = text.substr(0, at);
  if (at != text.npos) TRY(CheckDigest(text.substr(at + 1)));
  const size_t colon = name.rfind(':');
  const size_t slash = name.rfind('/');
  if (colon != name.npos && (slash == name.npos || colon > slash)) {
    TRY(CheckTag(name.substr(colon + 1)));
    name = name.substr(0, colon);
  }
  return CheckName(name);
}

}  // namespace

base::Result<> CheckImageReference(std::string_view text) {
  auto checked = Check(text);
  if (checked.ok()) return checked;
  return Fail(Code::kInvalid, "image \"{}\" {} (write [HOST[:PORT]/]NAME[:TAG][@DIGEST])", text,
              checked.error().message());
}

}  // namespace vmafx::api
