#include "schema/formats.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/text.h"

namespace schema {
namespace {

using value::Json;

bool FullMatch(const std::string& text, const char* pattern) {
  return RE2::FullMatch(text, pattern);
}

bool IsAddress(int family, const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(family, text.c_str(), address.data()) == 1;
}

bool IsCidr(const std::string& text) {
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return false;
  const std::string address = text.substr(0, slash);
  const std::string length = text.substr(slash + 1);
  if (!FullMatch(length, "[0-9]{1,3}")) return false;
  const int bits = std::stoi(length);
  return (IsAddress(AF_INET, address) && bits <= 32) ||
         (IsAddress(AF_INET6, address) && bits <= 128);
}

// Go's decoder skips line breaks; padding is required.
bool IsBase64(std::string text) {
  text.erase(
      std::remove_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }),
      text.end());
  return text.size() % 4 == 0 && FullMatch(text, "[A-Za-z0-9+/]*={0,2}");
}

// RFC 3339, as Go's time.RFC3339 reads it.
constexpr char kDate[] = R"(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))";
constexpr char kTime[] =
    R"((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:[.,]\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d))";

std::string TextFormatProblem(const std::string& format, const std::string& text) {
  bool good = true;
  std::string wanted;
  if (format == "date-time") {
    good = FullMatch(text, fmt::format("{}T{}", kDate, kTime).c_str());
    wanted = "a time such as 2026-01-31T12:00:00Z";
  } else if (format == "date") {
    good = FullMatch(text, kDate);
    wanted = "a date such as 2026-01-31";
  } else if (format == "byte") {
    good = IsBase64(text);
    wanted = "base64";
  } else if (format == "ipv4") {
    good = IsAddress(AF_INET, text);
    wanted = "an IPv4 address";
  } else if (format == "ipv6") {
    good = IsAddress(AF_INET6, text);
    wanted = "an IPv6 address";
  } else if (format == "cidr") {
    good = IsCidr(text);
    wanted = "an address range such as 10.0.0.0/8";
  } else if (format == "uuid") {
    good = FullMatch(text, "(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}");
    wanted = "a UUID";
  }
  return good ? "" : "must be " + wanted;
}

std::string IntegerFormatProblem(const std::string& format, const Json& value) {
  if (value.is_number_unsigned() &&
      value.get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()})
    return "does not fit into 64 bits";
  if (format != "int32") return "";
  const auto number = value.get<int64_t>();
  const bool fits = number >= std::numeric_limits<int32_t>::min() &&
                    number <= std::numeric_limits<int32_t>::max();
  return fits ? "" : "does not fit into 32 bits";
}

std::string EnumProblem(const Json& node, const Json& value) {
  const auto found = node.find("enum");
  if (found == node.end() || !found->is_array()) return "";
  std::vector<std::string> words;
  for (const Json& one : *found) {
    if (one == value) return "";
    words.push_back(one.is_string() ? one.get<std::string>() : one.dump());
  }
  return fmt::format("must be one of {}{}", base::Join(words, ", "),
                     value.is_string() ? base::DidYouMean(value.get<std::string>(), words) : "");
}

// The number at `name`, or nothing (NaN compares false with everything).
double Bound(const Json& node, const char* name) {
  const auto found = node.find(name);
  return found != node.end() && found->is_number() ? found->get<double>()
                                                   : std::numeric_limits<double>::quiet_NaN();
}

bool Flag(const Json& node, const char* name) {
  const auto found = node.find(name);
  return found != node.end() && found->is_boolean() && found->get<bool>();
}

std::string NumberProblem(const Json& node, const Json& value) {
  const auto number = value.get<double>();
  const double least = Bound(node, "minimum");
  const double most = Bound(node, "maximum");
  const double step = Bound(node, "multipleOf");
  if (Flag(node, "exclusiveMinimum") && number <= least)
    return fmt::format("must be greater than {}", least);
  if (number < least) return fmt::format("must be at least {}", least);
  if (Flag(node, "exclusiveMaximum") && number >= most)
    return fmt::format("must be less than {}", most);
  if (number > most) return fmt::format("must be at most {}", most);
  if (step > 0 && std::abs(std::remainder(number, step)) > step * 1e-9)
    return fmt::format("must be a multiple of {}", step);
  return "";
}

size_t Characters(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string TextProblem(const Json& node, const std::string& text) {
  const auto length = static_cast<double>(Characters(text));
  const double least = Bound(node, "minLength");
  const double most = Bound(node, "maxLength");
  if (length < least)
    return least == 1 ? "must not be empty"
                      : fmt::format("must have at least {} characters", least);
  if (length > most) return fmt::format("must have at most {} characters", most);
  const auto pattern = node.find("pattern");
  if (pattern == node.end() || !pattern->is_string()) return "";
  RE2::Options quiet;
  quiet.set_log_errors(false);
  const RE2 compiled(pattern->get<std::string>(), quiet);
  if (!compiled.ok() || RE2::PartialMatch(text, compiled)) return "";
  return fmt::format("must match {}", pattern->get<std::string>());
}

}  // namespace

std::string ValueProblem(const Json& node, const Json& value) {
  const auto found = node.find("format");
  const std::string format =
      found != node.end() && found->is_string() ? found->get<std::string>() : "";
  std::string problem = EnumProblem(node, value);
  if (problem.empty() && value.is_number_integer()) problem = IntegerFormatProblem(format, value);
  if (problem.empty() && value.is_number()) problem = NumberProblem(node, value);
  if (problem.empty() && value.is_string()) {
    const auto text = value.get<std::string>();
    problem = TextProblem(node, text);
    if (problem.empty()) problem = TextFormatProblem(format, text);
  }
  return problem;
}

bool IsQuantity(const Json& value) {
  if (value.is_number()) return true;
  if (!value.is_string()) return false;
  return FullMatch(value.get<std::string>(),
                   R"([+-]?(?:\d+|\d+\.\d*|\.\d+)(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?)");
}

std::string Show(const Json& value) {
  constexpr size_t kLongest = 60;
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() <= kLongest) return text;
  size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "...";
}

}  // namespace schema
