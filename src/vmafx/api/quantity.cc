#include "vmafx/api/quantity.h"

#include <algorithm>

#include <fmt/format.h>

namespace vmafx::api {
namespace {

__extension__ typedef __int128 Int128;  // ISO C++ has none

constexpr size_t kMostWhole = 18;    // digits: below 2^63
constexpr size_t kMostFraction = 9;  // more change no byte that matters

// 0 for what is no suffix of a size.
uint64_t Factor(std::string_view suffix) {
  constexpr std::string_view kPrefixes = "kMGTPE";
  if (suffix.empty()) return 1;
  const bool binary = suffix.size() == 2 && suffix[1] == 'i';
  if (suffix.size() > 1 && !binary) return 0;
  const char letter = binary && suffix[0] == 'K' ? 'k' : suffix[0];
  const size_t power = kPrefixes.find(letter);
  if (power == kPrefixes.npos || (binary && suffix[0] == 'k')) return 0;
  uint64_t factor = 1;
  for (size_t i = 0; i <= power; ++i) factor *= binary ? 1024 : 1000;
  return factor;
}

uint64_t Number(std::string_view digits) {
  uint64_t number = 0;
  for (const char c : digits) number = number * 10 + static_cast<uint64_t>(c - '0');
  return number;
}

// 0.FRACTION of `factor`, rounded down.
uint64_t PartOf(uint64_t factor, std::string_view fraction) {
  uint64_t scale = 1;
  for (size_t i = 0; i < fraction.size(); ++i) scale *= 10;
  // In two steps, so that nothing overflows: both are below 2^61 and 2^30.
  const uint64_t number = Number(fraction);
  return factor / scale * number + factor % scale * number / scale;
}

}  // namespace

base::Result<int64_t> ReadBytes(std::string_view quantity) {
  const base::Error refused =
      base::Fail(base::Code::kInvalid, "\"{}\" is not a size: write 2Gi or 500M, say", quantity);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const size_t end = std::min(quantity.find_first_not_of("0123456789."), quantity.size());
  const std::string_view number = quantity.substr(0, end);
  const size_t point = std::min(number.find('.'), number.size());
  const std::string_view whole = number.substr(0, point);
  const std::string_view fraction = number.substr(std::min(point + 1, number.size()));
  const uint64_t factor = Factor(quantity.substr(end));
  if (factor == 0 || whole.empty() || whole.size() > kMostWhole ||
      fraction.size() > kMostFraction || (point < number.size() && fraction.empty()) ||
      !std::ranges::all_of(fraction, is_digit)) {
    return refused;
  }
  constexpr uint64_t kMost = INT64_MAX;
  const uint64_t units = Number(whole);
  const uint64_t part = PartOf(factor, fraction);
  if (units > kMost / factor || units * factor > kMost - part) return refused;
  return static_cast<int64_t>(units * factor + part);
}

}  // namespace vmafx::api
