#include "vmafx/api/repository.h"

#include <algorithm>

#include "base/text.h"

namespace vmafx::api {
namespace {

using base::Code;
using base::Fail;
using base::Result;

constexpr size_t kMostLength = 255;  // of host and path together, as registries have it

bool IsLowerOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool IsAlphanumeric(char c) {
  return IsLowerOrDigit(c) || (c >= 'A' && c <= 'Z');
}

bool IsPort(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
         std::stoi(std::string(text)) > 0 && std::stoi(std::string(text)) <= 65535;
}

// A DNS name or an IPv4 address, with or without a port.
bool IsHost(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon != std::string_view::npos && !IsPort(text.substr(colon + 1))) return false;
  for (const std::string& label : base::Split(text.substr(0, colon), '.')) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') {
      return false;
    }
    for (const char c : label) {
      if (!IsAlphanumeric(c) && c != '-') return false;
    }
  }
  return true;
}

// [a-z0-9]+ with single '.', single or double '_', or any number of '-' between.
bool IsPathComponent(std::string_view text) {
  if (text.empty() || !IsLowerOrDigit(text.front()) || !IsLowerOrDigit(text.back())) return false;
  for (size_t i = 0; i < text.size();) {
    if (IsLowerOrDigit(text[i])) {
      ++i;
      continue;
    }
    const size_t end =
        std::min(static_cast<size_t>(std::find_if(text.begin() + i, text.end(), IsLowerOrDigit) -
                                     text.begin()),
                 text.size());
    const std::string_view separator = text.substr(i, end - i);
    const bool dashes = separator.find_first_not_of('-') == std::string_view::npos;
    if (!dashes && separator != "." && separator != "_" && separator != "__") return false;
    i = end;
  }
  return true;
}

bool IsTag(std::string_view text) {
  if (text.empty() || text.size() > 128 || text[0] == '.' || text[0] == '-') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return IsAlphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

}  // namespace

Result<Repository> ReadRepository(std::string_view text) {
  if (text.find("://") != std::string_view::npos) {
    return Fail(Code::kInvalid, "\"{}\": write HOST[:PORT]/REPOSITORY, without a scheme", text);
  }
  if (text.size() > kMostLength) {
    return Fail(Code::kInvalid, "longer than {} characters", kMostLength);
  }
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0) {
    return Fail(Code::kInvalid, "\"{}\" is not HOST[:PORT]/REPOSITORY", text);
  }
  Repository repository{std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
  if (!IsHost(repository.host)) {
    return Fail(Code::kInvalid, "\"{}\": \"{}\" is not the HOST[:PORT] of a registry", text,
                repository.host);
  }
  if (repository.path.find_first_of(":@") != std::string::npos) {
    return Fail(Code::kInvalid, "\"{}\": give the repository without a tag or digest", text);
  }
  for (const std::string& component : base::Split(repository.path, '/')) {
    if (!IsPathComponent(component)) {
      return Fail(Code::kInvalid,
                  "\"{}\": \"{}\" is not the name of a repository (lower-case letters and digits, "
                  "between them single dots, one or two underscores, or dashes)",
                  text, repository.path);
    }
  }
  return repository;
}

Result<TaggedArtifact> ReadTaggedArtifact(std::string_view text) {
  const size_t slash = text.rfind('/');
  const size_t colon = text.rfind(':');
  if (slash == std::string_view::npos || colon == std::string_view::npos || colon < slash) {
    return Fail(Code::kInvalid, "\"{}\" is not HOST[:PORT]/REPOSITORY:TAG", text);
  }
  TaggedArtifact artifact{TRY(ReadRepository(text.substr(0, colon))),
                          std::string(text.substr(colon + 1))};
  if (!IsTag(artifact.tag)) {
    return Fail(Code::kInvalid, "\"{}\": \"{}\" is not a tag", text, artifact.tag);
  }
  return artifact;
}

}  // namespace vmafx::api
