#include "trial/event_lines.h"

#include <algorithm>

#include <fmt/format.h>

namespace trial {

base::Result<std::vector<std::string>> EventLines(kube::Client& client, const std::string& ns,
                                                  const base::Until& until) {
  const auto events = TRY(client.List({"", "v1", "Event"}, {ns, {}, ""}, until));
  std::vector<std::string> lines;
  for (const auto& event : events.items) {
    std::string when = event->String({"lastTimestamp"});
    if (when.empty()) when = event->String({"metadata", "creationTimestamp"});
    lines.push_back(fmt::format("{}\t{}\t{} {}\t{}\t{}", when, event->String({"type"}),
                                event->String({"involvedObject", "kind"}),
                                event->String({"involvedObject", "name"}),
                                event->String({"reason"}), event->String({"message"})));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace trial
