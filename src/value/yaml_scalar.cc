#include "value/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>

namespace value {
namespace {

struct Word {
  std::string_view text;
  enum { kTrue, kFalse, kNull, kNan, kInf, kMinusInf } means;
};

constexpr Word kWords[] = {
    {"y", Word::kTrue},         {"Y", Word::kTrue},         {"yes", Word::kTrue},
    {"Yes", Word::kTrue},       {"YES", Word::kTrue},       {"true", Word::kTrue},
    {"True", Word::kTrue},      {"TRUE", Word::kTrue},      {"on", Word::kTrue},
    {"On", Word::kTrue},        {"ON", Word::kTrue},        {"n", Word::kFalse},
    {"N", Word::kFalse},        {"no", Word::kFalse},       {"No", Word::kFalse},
    {"NO", Word::kFalse},       {"false", Word::kFalse},    {"False", Word::kFalse},
    {"FALSE", Word::kFalse},    {"off", Word::kFalse},      {"Off", Word::kFalse},
    {"OFF", Word::kFalse},      {"", Word::kNull},          {"~", Word::kNull},
    {"null", Word::kNull},      {"Null", Word::kNull},      {"NULL", Word::kNull},
    {".nan", Word::kNan},       {".NaN", Word::kNan},       {".NAN", Word::kNan},
    {".inf", Word::kInf},       {".Inf", Word::kInf},       {".INF", Word::kInf},
    {"+.inf", Word::kInf},      {"+.Inf", Word::kInf},      {"+.INF", Word::kInf},
    {"-.inf", Word::kMinusInf}, {"-.Inf", Word::kMinusInf}, {"-.INF", Word::kMinusInf},
};

std::optional<Json> FromWord(std::string_view text) {
  if (text.size() > 5) return std::nullopt;
  const auto* word = std::find_if(std::begin(kWords), std::end(kWords),
                                  [&](const Word& candidate) { return candidate.text == text; });
  if (word == std::end(kWords)) return std::nullopt;
  switch (word->means) {
    case Word::kTrue:
      return true;
    case Word::kFalse:
      return false;
    case Word::kNan:
      return std::numeric_limits<double>::quiet_NaN();
    case Word::kInf:
      return std::numeric_limits<double>::infinity();
    case Word::kMinusInf:
      return -std::numeric_limits<double>::infinity();
    case Word::kNull:
      break;
  }
  return Json(nullptr);
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

size_t CountDigits(std::string_view text) {
  return static_cast<size_t>(std::find_if_not(text.begin(), text.end(), IsDigit) - text.begin());
}

// [sign] digits [. digits] [e [sign] digits], with a digit before or after the point. ".5" yes,
// "5." yes, ".5." no.
bool LooksLikeFloat(std::string_view text) {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  const size_t whole = CountDigits(text);
  text.remove_prefix(whole);
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    const size_t fraction = CountDigits(text);
    if (whole == 0 && fraction == 0) return false;
    text.remove_prefix(fraction);
  } else if (whole == 0) {
    return false;
  }
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  return !text.empty() && CountDigits(text) == text.size();
}

std::optional<double> ParseFloat(std::string_view text) {
  if (!LooksLikeFloat(text)) return std::nullopt;
  if (text[0] == '+') text.remove_prefix(1);
  double parsed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (error == std::errc::result_out_of_range) {
    // Too small is zero; too large is no number (and so stays a string), as in Go.
    const size_t exponent = text.find_first_of("eE");
    const bool tiny = exponent == std::string_view::npos ? text.find('.') < 2
                                                         : text.substr(exponent + 1)[0] == '-';
    if (tiny) return 0.0;
    return std::nullopt;
  }
  return parsed;
}

struct Digits {
  bool negative = false;
  int base = 10;
  std::string_view text;
};

// Go's strconv base prefixes: 0x, 0o, 0b in either case, and a bare leading 0 for octal.
Digits SplitPrefix(std::string_view text) {
  Digits digits;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    digits.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  digits.text = text;
  if (text.size() < 2 || text[0] != '0') return digits;
  const char letter = static_cast<char>(text[1] | 0x20);
  digits.base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
  digits.text.remove_prefix(digits.base == 0 ? 1 : 2);
  if (digits.base == 0) digits.base = 8;
  return digits;
}

// Unsigned numbers beyond int64 become doubles, as they do on their way through JSON.
std::optional<Json> ParseInteger(std::string_view text) {
  const Digits digits = SplitPrefix(text);
  if (digits.text.empty()) return std::nullopt;
  uint64_t magnitude = 0;
  for (const char c : digits.text) {
    const int letter = c | 0x20;
    const int digit = IsDigit(c)                       ? c - '0'
                      : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10
                                                       : 99;
    if (digit >= digits.base) return std::nullopt;
    const auto base = static_cast<uint64_t>(digits.base);
    const auto room = std::numeric_limits<uint64_t>::max() - static_cast<uint64_t>(digit);
    if (magnitude > room / base) return std::nullopt;  // decimal ones are floats, others strings
    magnitude = magnitude * base + static_cast<uint64_t>(digit);
  }
  constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (magnitude <= kMax) {
    const auto number = static_cast<int64_t>(magnitude);
    return digits.negative ? -number : number;
  }
  if (!digits.negative) return static_cast<double>(magnitude);
  if (magnitude == kMax + 1) return std::numeric_limits<int64_t>::min();
  return std::nullopt;
}

std::optional<Json> FromNumber(std::string_view text) {
  if (text.substr(0, 2) == "._") return std::nullopt;
  std::string plain(text);
  plain.erase(std::remove(plain.begin(), plain.end(), '_'), plain.end());
  if (auto number = ParseInteger(plain)) return number;
  if (const auto number = ParseFloat(plain)) return *number;
  return std::nullopt;
}

Json ResolvePlain(std::string_view text) {
  if (auto word = FromWord(text)) return *std::move(word);
  const char first = text[0];
  if (IsDigit(first) || first == '+' || first == '-' || first == '.') {
    if (auto number = FromNumber(text)) return *std::move(number);
  }
  return std::string(text);
}

std::string_view TagOf(const Json& json) {
  if (json.is_null()) return "!!null";
  if (json.is_boolean()) return "!!bool";
  if (json.is_number_integer()) return "!!int";
  if (json.is_number_float()) return "!!float";
  return "!!str";
}

base::Result<Json> DecodeBinary(std::string_view text) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string data;
  uint32_t bits = 0;
  size_t characters = 0;
  size_t padding = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r') continue;
    const size_t digit = kAlphabet.find(c);
    if (c == '=') ++padding;
    if (c != '=' && (digit == std::string_view::npos || padding > 0)) {
      return base::Fail(base::Code::kInvalid, "!!binary value is not base64");
    }
    bits = bits << 6 | (c == '=' ? 0U : static_cast<uint32_t>(digit));
    if (++characters % 4 != 0) continue;
    for (const int shift : {16, 8, 0}) data += static_cast<char>(bits >> shift & 0xFF);
    bits = 0;
  }
  if (characters % 4 != 0 || padding > 2) {
    return base::Fail(base::Code::kInvalid, "!!binary value is not base64");
  }
  data.resize(data.size() - padding);
  return Json(std::move(data));
}

// Go's 'g' format of a 32-bit float with the fewest digits: what the library gives float keys.
std::string FloatKey(double number) {
  if (std::isnan(number)) return ".nan";
  const auto single = static_cast<float>(number);
  if (std::isinf(single)) return single > 0 ? ".inf" : "-.inf";
  std::array<char, 64> buffer{};
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), single,
                                     std::chars_format::scientific);
  const std::string_view scientific(buffer.data(),
                                    static_cast<size_t>(written.ptr - buffer.data()));
  const int exponent = std::atoi(scientific.data() + scientific.find('e') + 1);
  if (exponent < -4 || exponent >= 6) return std::string(scientific);
  const auto fixed =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), single, std::chars_format::fixed);
  return std::string(buffer.data(), static_cast<size_t>(fixed.ptr - buffer.data()));
}

}  // namespace

base::Result<Json> ResolveScalar(std::string_view tag, std::string_view text) {
  if (tag == "!!str") return Json(std::string(text));
  if (tag == "!!binary") return DecodeBinary(text);
  const bool resolvable =
      tag.empty() || tag == "!!bool" || tag == "!!int" || tag == "!!float" || tag == "!!null";
  if (!resolvable) return Json(std::string(text));
  Json resolved = ResolvePlain(text);
  if (tag.empty() || tag == TagOf(resolved)) return resolved;
  if (tag == "!!float" && resolved.is_number_integer()) return Json(resolved.get<double>());
  return base::Fail(base::Code::kInvalid, "\"{}\" is not a value of type {}", text, tag.substr(2));
}

base::Result<std::string> KeyText(const Json& scalar) {
  if (scalar.is_string()) return scalar.get<std::string>();
  if (scalar.is_boolean()) return std::string(scalar.get<bool>() ? "true" : "false");
  if (scalar.is_number_integer()) return std::to_string(scalar.get<int64_t>());
  if (scalar.is_number_float()) return FloatKey(scalar.get<double>());
  return base::Fail(base::Code::kInvalid, "a key must be a string; null is none (quote it)");
}

bool IsLetterBool(std::string_view text) {
  return text == "y" || text == "Y" || text == "n" || text == "N";
}

}  // namespace value
