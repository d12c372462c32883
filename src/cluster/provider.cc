#include "cluster/provider.h"

#include <algorithm>

#include "base/text.h"

namespace cluster {

namespace {

constexpr size_t kLongestName = 30;

}  // namespace

std::string_view ToString(Level level) {
  switch (level) {
    case Level::kApi:
      return "api";
    case Level::kNode:
      return "node";
    case Level::kDns:
      return "dns";
    case Level::kFull:
      break;
  }
  return "full";
}

base::Result<Level> ParseLevel(std::string_view word) {
  std::vector<std::string> words;
  for (const Level level : {Level::kApi, Level::kNode, Level::kDns, Level::kFull}) {
    if (word == ToString(level)) return level;
    words.emplace_back(ToString(level));
  }
  return base::Fail(base::Code::kInvalid, "level \"{}\" is none of {}{}", word,
                    base::Join(words, ", "), base::DidYouMean(word, words));
}

std::string_view ToString(Backend backend) {
  switch (backend) {
    case Backend::kNative:
      return "native";
    case Backend::kKind:
      return "kind";
    case Backend::kAuto:
      break;
  }
  return "auto";
}

base::Result<Backend> ParseBackend(std::string_view word) {
  std::vector<std::string> words;
  for (const Backend backend : {Backend::kNative, Backend::kKind, Backend::kAuto}) {
    if (word == ToString(backend)) return backend;
    words.emplace_back(ToString(backend));
  }
  return base::Fail(base::Code::kInvalid, "provider \"{}\" is none of {}{}", word,
                    base::Join(words, ", "), base::DidYouMean(word, words));
}

base::Result<> CheckClusterName(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  if (!name.empty() && name.size() <= kLongestName && name.front() != '-' && name.back() != '-' &&
      std::all_of(name.begin(), name.end(), allowed))
    return base::Ok();
  return base::Fail(
      base::Code::kInvalid,
      "cluster name \"{}\": use at most {} lower-case letters, digits and dashes, no dash "
      "first or last",
      name, kLongestName);
}

}  // namespace cluster
