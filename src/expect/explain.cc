// The words and the diff of match.h.

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "expect/lines.h"
#include "expect/match.h"

namespace expect {
namespace {

constexpr size_t kLongValue = 100;  // bytes of a value in a line
constexpr size_t kLongPart = 10;    // lines of a value that was not expected, in a diff
constexpr size_t kBeforeTheDifference = 20;

std::string TypeName(const Json& json) {
  if (json.is_null()) return "null";
  if (json.is_boolean()) return "a boolean";
  if (json.is_number()) return "a number";
  if (json.is_string()) return "a string";
  return json.is_array() ? "a list" : "a map";
}

// `at` or the beginning of the UTF-8 sequence that it is in the middle of.
size_t CharacterStart(const std::string& text, size_t at) {
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

// `from`: where the interesting part of a long value begins.
std::string Short(const Json& json, size_t from = 0) {
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  from = CharacterStart(text, from);
  if (text.size() <= kLongValue) return text;
  std::string part = text.substr(from, CharacterStart(text, from + kLongValue) - from);
  if (from + kLongValue < text.size()) part += "...";
  return from == 0 ? part : "..." + part;
}

// Where two long strings begin to differ, less a little; 0 when that is near their start.
size_t WhereTheyDiffer(const Json& one, const Json& other) {
  if (!one.is_string() || !other.is_string()) return 0;
  const std::string a = one.dump(-1, ' ', false, Json::error_handler_t::replace);
  const std::string b = other.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (std::max(a.size(), b.size()) <= kLongValue) return 0;
  const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  const auto same = static_cast<size_t>(end.first - a.begin());
  return same > 2 * kBeforeTheDifference ? same - kBeforeTheDifference : 0;
}

std::string Words(const Mismatch& mismatch) {
  const Json& expected = mismatch.expected;
  const Json& actual = mismatch.actual;
  switch (mismatch.kind) {
    case Mismatch::Kind::kMissing:
      return fmt::format("expected {}, found nothing{}", Short(expected),
                         mismatch.near_key.empty()
                             ? ""
                             : fmt::format(" (did you mean \"{}\"?)", mismatch.near_key));
    case Mismatch::Kind::kType:
      return fmt::format("expected {} ({}), found {} ({})", Short(expected), TypeName(expected),
                         Short(actual), TypeName(actual));
    case Mismatch::Kind::kLength:
      return fmt::format("expected a list of {}, found {}: {}", expected.size(), actual.size(),
                         Short(actual));
    case Mismatch::Kind::kValue:
      break;
  }
  const size_t from = WhereTheyDiffer(expected, actual);
  return fmt::format("expected {}, found {}", Short(expected, from), Short(actual, from));
}

// What was not asked for in detail is shown in a few lines.
Json Shortened(const Json& json) {
  const std::string yaml = value::ToYaml(json);
  const auto lines = static_cast<size_t>(std::count(yaml.begin(), yaml.end(), '\n'));
  return lines < kLongPart ? json : Json(fmt::format("[... {} lines ...]", lines));
}

// All keys that any of the expected elements asks for: how elements beyond them are looked at.
Json Union(const Json& elements) {
  Json keys = Json::object();
  for (const Json& element : elements) {
    if (element.is_object()) keys.update(element);
  }
  return keys;
}

// The part of `actual` that `expected` speaks about.
Json Asserted(const Json& expected, const Json& actual) {
  if (expected.is_object() && actual.is_object()) {
    Json part = Json::object();
    for (const auto& [key, value] : expected.items()) {
      const auto there = actual.find(key);
      if (there != actual.end()) part[key] = Asserted(value, *there);
    }
    return part;
  }
  if (expected.is_array() && actual.is_array()) {
    const Json keys = Union(expected);
    Json part = Json::array();
    for (size_t i = 0; i < actual.size(); ++i) {
      const Json& like = i < expected.size() ? expected[i] : keys;
      const bool comparable = i < expected.size() || (!keys.empty() && actual[i].is_object());
      part.push_back(comparable ? Asserted(like, actual[i]) : Shortened(actual[i]));
    }
    return part;
  }
  return expected.is_string() && actual.is_string() ? actual : Shortened(actual);
}

}  // namespace

Place PlacesIn(const value::Document& document) {
  return [&document](const Path& path) {
    return fmt::format("{}:{}", document.file, document.At(path).line);
  };
}

std::string FormatMismatch(const Mismatch& mismatch, const Json& expected, const Place& place) {
  const std::string where = place ? place(mismatch.path) : "";
  return fmt::format("{}{}{}: {}", where, where.empty() ? "" : ": ",
                     value::FormatPath(mismatch.path, expected), Words(mismatch));
}

std::string Diff(const Json& expected, const Json& actual, const std::string& expected_label,
                 const std::string& actual_label) {
  return UnifiedDiff(value::ToYaml(expected), value::ToYaml(Asserted(expected, actual)),
                     expected_label, actual_label);
}

std::string Explain(const Json& expected, const Json& actual, const Place& place,
                    const std::string& expected_label, const std::string& actual_label) {
  const std::vector<Mismatch> mismatches = Match(expected, actual);
  if (mismatches.empty()) return "";
  std::string text;
  for (const Mismatch& mismatch : mismatches) {
    text += FormatMismatch(mismatch, expected, place) + "\n";
  }
  return text + Diff(expected, actual, expected_label, actual_label);
}

std::string Explain(const value::Document& document, const Json& actual) {
  return Explain(document.json, actual, PlacesIn(document),
                 fmt::format("expected ({}:{})", document.file, document.start.line),
                 fmt::format("found ({})", NameOf(actual)));
}

}  // namespace expect
