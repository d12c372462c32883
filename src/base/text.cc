#include "base/text.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <numeric>
#include <utility>

namespace base {
namespace {

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

// "available" and "unavailable" are near, but nobody means one by the other.
bool AreOpposites(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  return b.size() == a.size() + 2 && b.substr(0, 2) == "un" && b.substr(2) == a;
}

struct Unit {
  std::string_view name;
  double nanoseconds;
};

// Longer names first, so that "ms" is not read as "m".
constexpr Unit kUnits[] = {{"ns", 1},  {"us", 1e3}, {"\xc2\xb5s", 1e3}, {"ms", 1e6},
                           {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};

}  // namespace

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return lower;
}

std::optional<std::string> Nearest(std::string_view word,
                                   const std::vector<std::string>& candidates) {
  const std::string wanted = Lower(word);
  size_t best = std::max<size_t>(word.size() / 3, 1) + 1;
  std::optional<std::string> nearest;
  for (const std::string& candidate : candidates) {
    const std::string offered = Lower(candidate);
    const size_t distance = EditDistance(wanted, offered);
    if (distance < best && !AreOpposites(wanted, offered)) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates) {
  const auto nearest = Nearest(word, candidates);
  return nearest ? fmt::format(" (did you mean \"{}\"?)", *nearest) : "";
}

Result<Duration> ParseDuration(std::string_view text) {
  const auto invalid = [&] {
    return Fail(Code::kInvalid,
                "\"{}\" is not a duration: write numbers with units, such as 300ms, 10s or 1h30m",
                text);
  };
  if (text == "0") return Duration::zero();
  std::string_view rest = text;
  double total = 0;
  if (rest.empty()) return invalid();
  while (!rest.empty()) {
    double number = 0;
    const auto [end, problem] =
        std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (problem != std::errc() || number < 0) return invalid();
    rest.remove_prefix(end - rest.data());
    const auto* unit = std::find_if(std::begin(kUnits), std::end(kUnits), [&](const Unit& u) {
      return rest.substr(0, u.name.size()) == u.name;
    });
    if (unit == std::end(kUnits)) return invalid();
    rest.remove_prefix(unit->name.size());
    total += number * unit->nanoseconds;
  }
  if (total > 9.0e18) return invalid();
  return Duration(static_cast<int64_t>(total));
}

std::string FormatSpan(Duration span) {
  const double seconds = std::chrono::duration<double>(span).count();
  if (seconds < 10) return fmt::format("{:.2f} s", seconds);
  if (seconds < 120) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<int64_t>(seconds);
  return fmt::format("{} min {:02} s", whole / 60, whole % 60);
}

}  // namespace base
