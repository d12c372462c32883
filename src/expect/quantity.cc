#include "expect/quantity.h"

#include <algorithm>
#include <charconv>

namespace expect {
namespace {

__extension__ using Wide = __int128;

constexpr int kNano = 9;
// More digits than these cannot matter within the limits, and fewer keep the arithmetic exact.
constexpr Wide kMostMantissa = Wide{1'000'000'000'000'000'000};
constexpr Wide kLargest = Wide{INT64_MAX} * 1'000'000'000;

struct Scale {
  int tens = 0;  // powers of ten
  int twos = 0;  // powers of two
};

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<Scale> ExponentScale(std::string_view text) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  int exponent = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return Scale{std::clamp(exponent, -1000, 1000), 0};
}

std::optional<Scale> SuffixScale(std::string_view suffix) {
  constexpr std::string_view kBinary = "KMGTPE";
  if (suffix.empty()) return Scale{};
  if (suffix.size() == 2 && suffix[1] == 'i') {
    const size_t power = kBinary.find(suffix[0]);
    if (power == std::string_view::npos) return std::nullopt;
    return Scale{0, 10 * (static_cast<int>(power) + 1)};
  }
  if (suffix.size() > 1 && (suffix[0] == 'e' || suffix[0] == 'E'))
    return ExponentScale(suffix.substr(1));
  constexpr std::string_view kDecimal = "num kMGTPE";  // 10^-9 to 10^18 in steps of 10^3
  const size_t power = kDecimal.find(suffix[0]);
  if (suffix.size() != 1 || suffix[0] == ' ' || power == std::string_view::npos)
    return std::nullopt;
  return Scale{3 * static_cast<int>(power) - kNano, 0};
}

Wide CappedProduct(Wide value, Wide factor) {
  Wide product = 0;
  if (__builtin_mul_overflow(value, factor, &product)) return kLargest;
  return product;
}

// mantissa * 2^twos * 10^tens, rounded up; not above kLargest.
Wide Scaled(Wide mantissa, Scale scale, bool more) {
  Wide value = CappedProduct(mantissa, Wide{1} << scale.twos);
  for (; scale.tens > 0 && value != 0 && value < kLargest; --scale.tens)
    value = CappedProduct(value, 10);
  for (; scale.tens < 0 && value != 0; ++scale.tens) {
    more = more || value % 10 != 0;
    value /= 10;
  }
  return std::min(value + (more ? 1 : 0), kLargest);
}

}  // namespace

std::optional<Quantity> Quantity::Parse(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  Wide mantissa = 0;
  int tens = 0;
  bool any = false;
  bool more = false;      // digits that were cut off were not all zero
  bool fraction = false;  // behind the point
  size_t at = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '.') {
      if (fraction) return std::nullopt;
      fraction = true;
      continue;
    }
    if (!IsDigit(text[at])) break;
    any = true;
    if (mantissa < kMostMantissa) {
      mantissa = mantissa * 10 + (text[at] - '0');
      if (fraction) --tens;
    } else {
      more = more || text[at] != '0';
      if (!fraction) ++tens;
    }
  }
  if (!any) return std::nullopt;
  auto scale = SuffixScale(text.substr(at));
  if (!scale) return std::nullopt;
  scale->tens += tens + kNano;
  const Wide nano = Scaled(mantissa, *scale, more);
  return Quantity(negative ? -nano : nano);
}

}  // namespace expect
