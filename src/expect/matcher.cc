#include "expect/matcher.h"

#include <array>
#include <compare>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/text.h"
#include "expect/quantity.h"

namespace expect {
namespace {

using base::Code;
using base::Fail;

constexpr size_t kLongValue = 100;

std::string Short(const Json& json) {
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() <= kLongValue) return text;
  size_t end = kLongValue;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string TextOf(const Json& json) {
  return json.is_string() ? json.get<std::string>() : json.dump();
}

bool IsAmount(const Json& json) {
  return json.is_number() || (json.is_string() && Quantity::Parse(json.get<std::string>()));
}

// How `one` compares with `other`; nullopt when one of them is no amount. Two numbers compare as
// numbers: a score may need more digits than a quantity has.
std::optional<std::partial_ordering> Compare(const Json& one, const Json& other) {
  if (one.is_number() && other.is_number()) {
    if (one == other) return std::partial_ordering::equivalent;
    return one < other ? std::partial_ordering::less : std::partial_ordering::greater;
  }
  const auto first = Quantity::Parse(TextOf(one));
  const auto second = Quantity::Parse(TextOf(other));
  const bool texts =
      (one.is_string() || one.is_number()) && (other.is_string() || other.is_number());
  if (!texts || !first || !second) return std::nullopt;
  return *first <=> *second;
}

// Which wanted element gets which actual one (Kuhn's augmenting paths): an element that two of them
// fit is given to the one that has no other.
class Assignment {
 public:
  Assignment(const Json& wanted, const Json& actual)
      : wanted_(wanted), actual_(actual), owner_(actual.size()) {}

  // The first wanted element that cannot be given one, or nullopt.
  std::optional<size_t> FindLeftOver() {
    for (size_t i = 0; i < wanted_.size(); ++i) {
      std::vector<bool> tried(actual_.size(), false);
      if (!Give(i, tried)) return i;
    }
    return std::nullopt;
  }

 private:
  bool Give(size_t wanted, std::vector<bool>& tried) {
    for (size_t i = 0; i < actual_.size(); ++i) {
      if (tried[i] || !Matches(wanted_[wanted], actual_[i])) continue;
      tried[i] = true;
      if (owner_[i] && !Give(*owner_[i], tried)) continue;
      owner_[i] = wanted;
      return true;
    }
    return false;
  }

  const Json& wanted_;
  const Json& actual_;
  std::vector<std::optional<size_t>> owner_;
};

// What lists in Kubernetes are mostly keyed by: an element that agrees in it is the one that is
// meant.
bool IsMeant(const Json& wanted, const Json& element) {
  for (const char* key : {"name", "type", "key"}) {
    if (!wanted.is_object() || !element.is_object()) return false;
    if (wanted.contains(key) && element.contains(key) && wanted[key] == element[key]) return true;
  }
  return false;
}

// Its index; nullopt in an empty list.
std::optional<size_t> NearestIndex(const Json& wanted, const Json& actual) {
  for (const bool only_meant : {true, false}) {
    std::vector<const Json*> elements;
    std::vector<size_t> indexes;
    for (size_t i = 0; i < actual.size(); ++i) {
      if (only_meant && !IsMeant(wanted, actual[i])) continue;
      elements.push_back(&actual[i]);
      indexes.push_back(i);
    }
    if (const auto nearest = Nearest(wanted, elements)) return indexes[*nearest];
  }
  return std::nullopt;
}

std::string NearestElement(const Json& wanted, const Json& actual) {
  const auto nearest = NearestIndex(wanted, actual);
  if (!nearest || !wanted.is_structured()) return "found " + Short(actual);
  const auto mismatches = Match(wanted, actual[*nearest]);
  if (mismatches.empty()) return fmt::format("[{}] is needed for another one", *nearest);
  return fmt::format(
      "the nearest is [{}]: {}", *nearest,
      FormatMismatch(mismatches.front(), wanted, [](const Path&) { return std::string(); }));
}

base::Result<std::shared_ptr<const RE2>> ParsePattern(const Json& wanted) {
  if (!wanted.is_string()) return Fail(Code::kInvalid, "matches needs a regular expression");
  RE2::Options quiet;
  quiet.set_log_errors(false);
  auto pattern = std::make_shared<const RE2>(wanted.get<std::string>(), quiet);
  if (!pattern->ok())
    return Fail(Code::kInvalid, "matches: {}: {}", Short(wanted), pattern->error());
  return pattern;
}

}  // namespace

std::string MissInAnyOrder(const Json& wanted, const Json& actual, bool only) {
  if (!actual.is_array()) return fmt::format("expected a list, found {}", Short(actual));
  if (const auto left = Assignment(wanted, actual).FindLeftOver()) {
    return fmt::format("expected an element {}, {}", Short(wanted[*left]),
                       NearestElement(wanted[*left], actual));
  }
  if (only && actual.size() != wanted.size())
    return fmt::format("expected only {} elements, found {}: {}", wanted.size(), actual.size(),
                       Short(actual));
  return "";
}

base::Result<Matcher::Rule> Matcher::RuleOf(const std::string& name) {
  static constexpr std::array<std::pair<const char*, Rule>, 13> kRules = {{
      {"is", Rule::kIs},
      {"not", Rule::kNot},
      {"oneOf", Rule::kOneOf},
      {"matches", Rule::kMatches},
      {"absent", Rule::kAbsent},
      {"above", Rule::kAbove},
      {"below", Rule::kBelow},
      {"atLeast", Rule::kAtLeast},
      {"atMost", Rule::kAtMost},
      {"equals", Rule::kEquals},
      {"has", Rule::kHas},
      {"hasOnly", Rule::kHasOnly},
      {"count", Rule::kCount},
  }};
  std::vector<std::string> names;
  for (const auto& [text, rule] : kRules) {
    if (name == text) return rule;
    names.emplace_back(text);
  }
  return Fail(Code::kInvalid, "unknown rule \"{}\"{}; to ask for a map write {{is: ...}}", name,
              base::DidYouMean(name, names));
}

base::Result<Matcher::One> Matcher::ParseRule(const std::string& name, const Json& wanted) {
  One one;
  one.rule = TRY(RuleOf(name));
  one.wanted = wanted;
  switch (one.rule) {
    case Rule::kOneOf:
    case Rule::kHas:
    case Rule::kHasOnly:
      if (!wanted.is_array()) return Fail(Code::kInvalid, "{} needs a list", name);
      break;
    case Rule::kAbsent:
      if (!wanted.is_boolean()) return Fail(Code::kInvalid, "absent needs true or false");
      break;
    case Rule::kAbove:
    case Rule::kBelow:
    case Rule::kAtLeast:
    case Rule::kAtMost:
    case Rule::kEquals:
      if (!IsAmount(wanted))
        return Fail(Code::kInvalid, "{} needs a number or a quantity such as 500m or 1Gi, found {}",
                    name, Short(wanted));
      break;
    case Rule::kMatches:
      one.pattern = TRY(ParsePattern(wanted));
      break;
    case Rule::kCount:
      one.inner = std::make_shared<const Matcher>(TRY(Parse(wanted).During("count")));
      break;
    case Rule::kIs:
    case Rule::kNot:
      break;
  }
  return one;
}

base::Result<Matcher> Matcher::Parse(const Json& written) {
  Matcher matcher;
  if (!written.is_object()) {
    One one;
    one.wanted = written;
    matcher.rules_.push_back(std::move(one));
    return matcher;
  }
  if (written.empty())
    return Fail(Code::kInvalid,
                "no rule: write {{is: {{}}}} for any map, {{absent: false}} for any value");
  for (const auto& [name, wanted] : written.items())
    matcher.rules_.push_back(TRY(ParseRule(name, wanted)));
  return matcher;
}

std::string Matcher::Miss(const Json* found) const {
  for (const One& one : rules_) {
    std::string miss = MissOne(one, found);
    if (!miss.empty()) return miss;
  }
  return "";
}

std::string Matcher::MissOne(const One& one, const Json* found) {
  if (one.rule == Rule::kAbsent) {
    const bool absent = one.wanted.get<bool>();
    if (absent == (found == nullptr)) return "";
    return absent ? "expected nothing, found " + Short(*found)
                  : "expected any value, found nothing";
  }
  if (found == nullptr) {
    if (one.rule == Rule::kNot) return "";
    return fmt::format("expected {}, found nothing", Short(one.wanted));
  }
  switch (one.rule) {
    case Rule::kIs: {
      const auto mismatches = Match(one.wanted, *found);
      if (mismatches.empty()) return "";
      const Mismatch& first = mismatches.front();
      if (first.path.empty())
        return fmt::format("expected {}, found {}", Short(one.wanted), Short(*found));
      return FormatMismatch(first, one.wanted, [](const Path&) { return std::string(); });
    }
    case Rule::kNot:
      if (!Matches(one.wanted, *found)) return "";
      return fmt::format("expected anything but {}", Short(one.wanted));
    case Rule::kOneOf:
      for (const Json& wanted : one.wanted)
        if (Matches(wanted, *found)) return "";
      return fmt::format("expected one of {}, found {}", Short(one.wanted), Short(*found));
    case Rule::kMatches:
      if (!found->is_structured() && RE2::PartialMatch(TextOf(*found), *one.pattern)) return "";
      return fmt::format("expected a match of {}, found {}", one.pattern->pattern(), Short(*found));
    case Rule::kHas:
      return MissInAnyOrder(one.wanted, *found, false);
    case Rule::kHasOnly:
      return MissInAnyOrder(one.wanted, *found, true);
    case Rule::kCount:
      return MissCount(one, *found);
    default:
      return MissAmount(one, *found);
  }
}

std::string Matcher::MissCount(const One& one, const Json& found) {
  if (!found.is_structured()) return "expected a list or a map, found " + Short(found);
  const Json count = found.size();
  const std::string miss = one.inner->Miss(&count);
  return miss.empty() ? "" : "count: " + miss;
}

std::string Matcher::MissAmount(const One& one, const Json& found) {
  const auto order = Compare(found, one.wanted);
  bool holds = false;
  std::string words;
  switch (one.rule) {
    case Rule::kAbove:
      holds = order && *order > 0;
      words = "above ";
      break;
    case Rule::kBelow:
      holds = order && *order < 0;
      words = "below ";
      break;
    case Rule::kAtLeast:
      holds = order && *order >= 0;
      words = "at least ";
      break;
    case Rule::kAtMost:
      holds = order && *order <= 0;
      words = "at most ";
      break;
    default:
      holds = order && *order == 0;
      words = "an amount of ";
      break;
  }
  if (holds) return "";
  return fmt::format("expected {}{}, found {}{}", words, TextOf(one.wanted), Short(found),
                     order ? "" : ", which is no amount");
}

}  // namespace expect
