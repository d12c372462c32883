#include "trial/pod_logs.h"

#include <charconv>

#include <fmt/format.h>

#include "base/text.h"

namespace trial {
namespace {

using value::Json;

constexpr size_t kLongestLine = 1000;

// The number made of exactly the `count` digits at `at`, or -1.
int Digits(std::string_view text, size_t at, size_t count) {
  if (at + count > text.size()) return -1;
  int number = 0;
  const char* begin = text.data() + at;
  const auto [end, error] = std::from_chars(begin, begin + count, number);
  return error == std::errc() && end == begin + count && *begin != '-' ? number : -1;
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
  if (hours < 0 || minutes < 0) return std::nullopt;
  const auto offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return text[0] == '-' ? -offset : offset;
}

std::optional<base::WallTime> Time(std::string_view text) {
  const int parts[] = {Digits(text, 0, 4),  Digits(text, 5, 2),  Digits(text, 8, 2),
                       Digits(text, 11, 2), Digits(text, 14, 2), Digits(text, 17, 2)};
  for (const int part : parts)
    if (part < 0) return std::nullopt;
  const auto day = std::chrono::year(parts[0]) / parts[1] / parts[2];
  if (!day.ok()) return std::nullopt;
  size_t at = 19;
  const auto fraction = Fraction(text, at);
  const auto offset = Offset(text.substr(at));
  if (!offset) return std::nullopt;
  const auto time = std::chrono::sys_days(day) + std::chrono::hours(parts[3]) +
                    std::chrono::minutes(parts[4]) + std::chrono::seconds(parts[5]) + fraction -
                    *offset;
  return std::chrono::time_point_cast<base::WallTime::duration>(time);
}

std::string Cut(std::string_view line) {
  if (line.size() <= kLongestLine) return std::string(line);
  size_t end = kLongestLine;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
  return std::string(line.substr(0, end)) + "\xE2\x80\xA6";
}

// Has it ever started? Without a container the log would only be an error.
bool HasLog(const Json& status) {
  return value::Find(status, {"state", "running"}) != nullptr ||
         value::Find(status, {"state", "terminated"}) != nullptr ||
         value::Find(status, {"lastState", "terminated"}) != nullptr;
}

bool HasRestarted(const Json& status) {
  const Json* restarts = value::Find(status, {"restartCount"});
  return restarts != nullptr && restarts->is_number_integer() && *restarts > 0;
}

void ReadOne(kube::Client& client, const kube::Object& pod, const std::string& container,
             const PodLogLimits& limits, const char* query, std::vector<PodLogLine>& lines,
             const base::Until& until) {
  // Names of Pods and containers are DNS labels: nothing to escape.
  const std::string path = fmt::format(
      "/api/v1/namespaces/{}/pods/{}/log?container={}&timestamps=true&tailLines={}&limitBytes={}{}",
      pod.ns(), pod.name(), container, limits.lines, limits.bytes, query);
  const auto text = client.Raw("GET", path, "", until);
  if (!text.ok()) return;
  for (const std::string& line : base::Split(*text, '\n')) {
    if (line.empty()) continue;
    PodLogLine parsed = ParseLogLine(line);
    parsed.pod = pod.name();
    parsed.container = container;
    lines.push_back(std::move(parsed));
  }
}

}  // namespace

PodLogLine ParseLogLine(std::string_view line) {
  PodLogLine parsed;
  const size_t space = std::min(line.find(' '), line.size());
  if (const auto when = Time(line.substr(0, space))) {
    parsed.when = *when;
    line.remove_prefix(std::min(space + 1, line.size()));
  }
  parsed.text = Cut(line);
  return parsed;
}

std::vector<PodLogLine> ReadPodLogs(kube::Client& client, const std::vector<kube::ObjectPtr>& pods,
                                    const PodLogLimits& limits, const base::Until& until) {
  std::vector<PodLogLine> lines;
  int read = 0;
  for (const kube::ObjectPtr& pod : pods) {
    if (until.Over() || ++read > limits.pods) break;
    for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
      const Json* statuses = pod->Find({"status", list});
      if (statuses == nullptr || !statuses->is_array()) continue;
      for (const Json& status : *statuses) {
        const std::string name = value::FindString(status, {"name"});
        if (limits.previous && HasRestarted(status))
          ReadOne(client, *pod, name, limits, "&previous=true", lines, until);
        if (HasLog(status)) ReadOne(client, *pod, name, limits, "", lines, until);
      }
    }
  }
  return lines;
}

}  // namespace trial
