#include "trial/names.h"

#include <fnmatch.h>

#include <array>
#include <charconv>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/text.h"

namespace trial {
namespace {

using base::Code;
using base::Fail;

constexpr auto kAdjectives = std::to_array<std::string_view>(
    {"able",   "ample", "apt",    "brave",  "brief", "bright", "calm",   "clean",  "clear",
     "clever", "cool",  "cosy",   "crisp",  "deep",  "eager",  "early",  "easy",   "exact",
     "fair",   "fast",  "fine",   "firm",   "fit",   "fond",   "frank",  "free",   "fresh",
     "full",   "glad",  "golden", "good",   "grand", "great",  "handy",  "happy",  "hardy",
     "honest", "ideal", "keen",   "kind",   "large", "light",  "lively", "loyal",  "lucky",
     "mellow", "merry", "mild",   "neat",   "nice",  "noble",  "novel",  "open",   "polite",
     "prime",  "proud", "pure",   "quick",  "quiet", "rapid",  "rare",   "ready",  "right",
     "sharp",  "smart", "smooth", "solid",  "sound", "steady", "still",  "strong", "sunny",
     "sure",   "sweet", "swift",  "tender", "tidy",  "true",   "warm",   "wise"});

constexpr auto kAnimals = std::to_array<std::string_view>(
    {"ant",    "ape",   "badger", "bat",   "bear",   "beaver", "bee",    "bison", "boar",  "bream",
     "buck",   "bull",  "camel",  "carp",  "cat",    "cobra",  "cod",    "colt",  "coral", "cow",
     "crab",   "crane", "crow",   "deer",  "dog",    "dove",   "duck",   "eagle", "eel",   "eft",
     "elk",    "emu",   "falcon", "fawn",  "finch",  "fish",   "fox",    "frog",  "gnu",   "goat",
     "goose",  "gull",  "hare",   "hawk",  "hen",    "heron",  "horse",  "ibex",  "jay",   "koala",
     "lamb",   "lark",  "lion",   "lynx",  "marmot", "mole",   "moose",  "moth",  "mouse", "mule",
     "newt",   "otter", "owl",    "ox",    "panda",  "pika",   "pony",   "puma",  "quail", "rabbit",
     "raven",  "robin", "salmon", "seal",  "shrew",  "snail",  "squid",  "stork", "swan",  "tapir",
     "tern",   "tiger", "toad",   "trout", "turtle", "viper",  "walrus", "wasp",  "whale", "wolf",
     "wombat", "wren",  "yak",    "zebra"});

// No vowels and no look-alikes: neither words nor misreadings come out.
constexpr std::string_view kSuffixLetters = "bcdfghjklmnpqrstvwxz2456789";

const RE2& StepFilePattern() {
  static const RE2 pattern(R"((\d+-)?([^-.]+)(-[^.]+)?((?:\.gotmpl)?\.yaml)?)");
  return pattern;
}

// Go's filepath.Match knows `*`, `?`, `[..]`, `[^..]` and `\`; what it calls malformed is a class
// that does not end and a backslash at the end.
bool WellFormed(const std::string& pattern) {
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && ++i == pattern.size()) return false;
    if (pattern[i] != '[') continue;
    size_t end = i + 1;
    if (end < pattern.size() && pattern[end] == '^') ++end;
    const size_t first = end;
    while (end < pattern.size() && pattern[end] != ']') end += pattern[end] == '\\' ? 2 : 1;
    if (end >= pattern.size() || end == first) return false;
    i = end;
  }
  return true;
}

// In a class Go knows no [!a] and no [[:alpha:]]: there these are characters like others.
std::string AsFnmatchReads(const std::string& pattern) {
  std::string read;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (in_class && (c == '!' || c == '[')) read += '\\';
    read += c;
    if (c == '\\' && i + 1 < pattern.size()) {
      read += pattern[++i];
    } else if (c == '[') {
      in_class = true;
    } else if (c == ']') {
      in_class = false;
    }
  }
  return read;
}

}  // namespace

base::Result<FileName> ParseFileName(std::string_view name) {
  std::string index, word, rest, extension;
  if (!RE2::FullMatch(re2::StringPiece(name.data(), name.size()), StepFilePattern(), &index, &word,
                      &rest, &extension)) {
    return Fail(Code::kInvalid,
                "name does not follow pattern \"(<number>-)<name>(-<name>)((.gotmpl).yaml)\"");
  }
  FileName parsed;
  if (!index.empty()) {
    uint32_t number = 0;
    const char* end = index.data() + index.size() - 1;
    const auto [stopped, problem] = std::from_chars(index.data(), end, number);
    // kuttl reads it into a signed 32-bit number.
    if (problem != std::errc() || stopped != end || number > INT32_MAX)
      return Fail(Code::kInvalid, "parsing index failed: {} is out of range", index);
    parsed.index = number;
  }
  const std::string type = base::Lower(word);
  if (type == "assert") parsed.type = FileType::kAssert;
  if (type == "errors") parsed.type = FileType::kErrors;
  parsed.name = word + rest;
  parsed.is_template = extension.starts_with(".gotmpl");
  parsed.has_extension = !extension.empty();
  return parsed;
}

base::Result<bool> MatchesPattern(const std::string& pattern, const std::string& name) {
  if (!WellFormed(pattern)) return Fail(Code::kInvalid, "malformed pattern \"{}\"", pattern);
  // No file has such a name; the C library would end both at it.
  if ((pattern + name).find('\0') != std::string::npos) return false;
  return fnmatch(AsFnmatchReads(pattern).c_str(), name.c_str(), FNM_PATHNAME) == 0;
}

std::string NamespaceName(uint64_t random) {
  const auto take = [&random](size_t count) {
    const size_t value = random % count;
    random /= count;
    return value;
  };
  std::string name = fmt::format("kuttl-{}-{}-", kAdjectives[take(kAdjectives.size())],
                                 kAnimals[take(kAnimals.size())]);
  for (int i = 0; i < 4; ++i) name += kSuffixLetters[take(kSuffixLetters.size())];
  return name;
}

}  // namespace trial
