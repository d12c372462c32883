#include "vmafx/node/cpu_limit.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/text.h"
#include "sys/files.h"

namespace vmafx::node {

using base::Result;

namespace {

constexpr double kMostThreads = 256;

unsigned Threads(double processors) {
  return static_cast<unsigned>(std::clamp(std::ceil(processors), 1.0, kMostThreads));
}

std::optional<double> Number(std::string_view text) {
  double number = 0;
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(number) || number <= 0) return std::nullopt;
  return number;
}

std::optional<double> ReadNumber(const std::filesystem::path& path) {
  auto text = sys::ReadFile(path);
  return text.ok() ? Number(base::Trim(*text)) : std::nullopt;
}

}  // namespace

Result<unsigned> ThreadsForLimit(const std::string& quantity) {
  std::string_view digits = quantity;
  double unit = 1;
  if (digits.ends_with('m')) {
    digits.remove_suffix(1);
    unit = 0.001;
  }
  const auto number = Number(digits);
  if (!number) {
    return base::Fail(base::Code::kInvalid,
                      "CPU limit \"{}\" is not a number of processors such as 2, 0.5 or 1500m",
                      quantity);
  }
  return Threads(*number * unit);
}

unsigned ThreadsForCgroup(const std::filesystem::path& cgroups) {
  const auto maximum = sys::ReadFile(cgroups / "cpu.max");
  if (maximum.ok()) {
    const auto words = base::Split(base::Trim(*maximum), ' ');
    const auto quota = Number(words.front());
    const auto period = Number(words.back());
    return quota && period ? Threads(*quota / *period) : 1;
  }
  const auto quota = ReadNumber(cgroups / "cpu" / "cpu.cfs_quota_us");  // -1: no limit
  const auto period = ReadNumber(cgroups / "cpu" / "cpu.cfs_period_us");
  return quota && period ? Threads(*quota / *period) : 1;
}

}  // namespace vmafx::node
