#include "base/parse_time.h"

#include <charconv>

namespace base {
namespace {

constexpr int kFirstYear = 1678;
constexpr int kLastYear = 2261;

// The number made of exactly the `count` digits at `at`, or -1.
int Digits(std::string_view text, size_t at, size_t count) {
  if (at + count > text.size()) return -1;
  int number = 0;
  const char* begin = text.data() + at;
  const auto [end, error] = std::from_chars(begin, begin + count, number);
  return error == std::errc() && end == begin + count && *begin != '-' ? number : -1;
}

bool IsWithin(int number, int most) {
  return number >= 0 && number <= most;
}

// Nanoseconds of ".123" at `at`, which moves behind it.
std::chrono::nanoseconds Fraction(std::string_view text, size_t& at) {
  if (at >= text.size() || text[at] != '.') return {};
  int64_t value = 0;
  int64_t unit = 100'000'000;
  for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10)
    value += (text[at] - '0') * unit;
  return std::chrono::nanoseconds(value);
}

// "Z", "+01:00" or "-05:30" up to the end of `text`.
std::optional<std::chrono::minutes> Offset(std::string_view text) {
  if (text == "Z") return std::chrono::minutes(0);
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const int hours = Digits(text, 1, 2);
  const int minutes = Digits(text, 4, 2);
  if (!IsWithin(hours, 23) || !IsWithin(minutes, 59)) return std::nullopt;
  const auto offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return text[0] == '-' ? -offset : offset;
}

}  // namespace

std::optional<WallTime> ParseTime(std::string_view text) {
  constexpr std::string_view kShape = "....-..-..T..:..:..";
  if (text.size() <= kShape.size()) return std::nullopt;
  for (size_t i = 0; i < kShape.size(); ++i)
    if (kShape[i] != '.' && text[i] != kShape[i]) return std::nullopt;
  const int year = Digits(text, 0, 4);
  const int month = Digits(text, 5, 2);
  const int day = Digits(text, 8, 2);
  const int hour = Digits(text, 11, 2);
  const int minute = Digits(text, 14, 2);
  const int second = Digits(text, 17, 2);
  if (year < kFirstYear || year > kLastYear || month < 0 || day < 0) return std::nullopt;
  // A leap second is the next minute's first.
  if (!IsWithin(hour, 23) || !IsWithin(minute, 59) || !IsWithin(second, 60)) return std::nullopt;
  const auto date = std::chrono::year{year} / month / day;
  if (!date.ok()) return std::nullopt;
  size_t at = kShape.size();
  const auto fraction = Fraction(text, at);
  const auto offset = Offset(text.substr(at));
  if (!offset) return std::nullopt;
  return std::chrono::time_point_cast<WallTime::duration>(
      std::chrono::sys_days{date} + std::chrono::hours(hour) + std::chrono::minutes(minute) +
      std::chrono::seconds(second) + fraction - *offset);
}

}  // namespace base
