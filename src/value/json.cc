#include "value/json.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include "value/json_scan.h"
#include "value/utf8.h"

namespace value {
namespace {

constexpr int kMaxJsonDepth = 500;  // our own functions walk values by recursion

// "line 3, column 7" of a byte offset.
std::string PlaceOf(std::string_view text, size_t offset) {
  text = text.substr(0, offset);
  const auto line = 1 + std::count(text.begin(), text.end(), '\n');
  const size_t start = text.rfind('\n');
  const size_t column = start == std::string_view::npos ? text.size() + 1 : text.size() - start;
  return fmt::format("line {}, column {}", line, column);
}

// "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while parsing
// value - unexpected end of input" -> "unexpected end of input". What was read last stands in it as
// it came.
std::string Reason(std::string_view message) {
  constexpr size_t kMost = 200;
  for (const std::string_view before : {" - ", ": ", "] "}) {
    const size_t at = message.find(before);
    if (at == std::string_view::npos) continue;
    message.remove_prefix(at + before.size());
    break;
  }
  return ToValidUtf8(message.substr(0, kMost)) + (message.size() > kMost ? "..." : "");
}

std::optional<size_t> IndexOf(const std::string& step) {
  size_t index = 0;
  const char* end = step.data() + step.size();
  const auto parsed = std::from_chars(step.data(), end, index);
  if (step.empty() || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return index;
}

const Json* Child(const Json* parent, const std::string& step) {
  if (parent == nullptr) return nullptr;
  if (parent->is_object()) {
    const auto found = parent->find(step);
    return found == parent->end() ? nullptr : &*found;
  }
  if (!parent->is_array()) return nullptr;
  const auto index = IndexOf(step);
  return index && *index < parent->size() ? &(*parent)[*index] : nullptr;
}

bool IsPlainKey(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
}

// One integer type only: int64, or double beyond it.
void UnifyIntegers(Json& json) {
  if (json.is_structured()) {
    for (Json& child : json) UnifyIntegers(child);
  } else if (json.is_number_unsigned()) {
    const auto number = json.get<uint64_t>();
    constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    json = number <= kMax ? Json(static_cast<int64_t>(number)) : Json(static_cast<double>(number));
  }
}

}  // namespace

base::Result<Json> ParseJson(std::string_view text) {
  if (const JsonExtent extent = ScanJson(text); extent.depth > kMaxJsonDepth) {
    return base::Fail(base::Code::kInvalid, "nested deeper than {} levels", kMaxJsonDepth);
  }
  try {
    Json json = Json::parse(text.begin(), text.end());
    UnifyIntegers(json);
    return json;
  } catch (const Json::parse_error& error) {
    const size_t offset = error.byte > 0 ? error.byte - 1 : 0;
    return base::Fail(base::Code::kInvalid, "{}: {}", PlaceOf(text, offset), Reason(error.what()));
  } catch (const Json::exception& error) {  // a number out of range
    return base::Fail(base::Code::kInvalid, "{}", Reason(error.what()));
  }
}

void NormalizeNumbers(Json& json) {
  if (json.is_structured()) {
    for (Json& child : json) NormalizeNumbers(child);
    return;
  }
  UnifyIntegers(json);
  if (!json.is_number_float()) return;
  const auto number = json.get<double>();
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  if (std::trunc(number) == number && number >= -kLimit && number < kLimit) {
    json = static_cast<int64_t>(number);
  }
}

void MergePatch(Json& target, const Json& patch) {
  target.merge_patch(patch);
}

std::string FormatPath(const std::vector<std::string>& path, const Json& root) {
  std::string text;
  const Json* at = &root;
  for (const std::string& step : path) {
    if (at != nullptr && at->is_array() && IndexOf(step)) {
      text += "[" + step + "]";
    } else if (IsPlainKey(step)) {
      text += "." + step;
    } else {
      // With JSON's escapes: a path is one line, whatever the keys are.
      text += "[" + Json(step).dump(-1, ' ', false, Json::error_handler_t::replace) + "]";
    }
    at = Child(at, step);
  }
  return text.empty() ? "." : text;
}

const Json* Find(const Json& root, const std::vector<std::string>& path) {
  const Json* at = &root;
  for (const std::string& step : path) at = Child(at, step);
  return at;
}

std::string FindString(const Json& root, const std::vector<std::string>& path) {
  const Json* found = Find(root, path);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace value
