#include "trial/pod_logs.h"

#include <fmt/format.h>

#include "base/parse_time.h"
#include "base/text.h"

namespace trial {
namespace {

using value::Json;

constexpr size_t kLongestLine = 1000;

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
  if (const auto when = base::ParseTime(line.substr(0, space))) {
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
