#pragma once

// The logs of a test's Pods as timed lines.

#include <string>
#include <vector>

#include "kube/client.h"

namespace trial {

struct PodLogLine {
  std::string pod;
  std::string container;
  std::string text;       // one line, without its line break, cut where it is very long
  base::WallTime when{};  // as the node wrote it; the epoch for a line without a time
};

struct PodLogLimits {
  int pods = 30;
  int lines = 200;            // of each container, the newest
  size_t bytes = 256 * 1024;  // of each container
  bool previous = false;      // also of the container before a restart
};

// Reads them by one request a container. Containers that never started, Pods that are gone and logs
// that may not be read are left out. `until` bounds all of it.
std::vector<PodLogLine> ReadPodLogs(kube::Client& client, const std::vector<kube::ObjectPtr>& pods,
                                    const PodLogLimits& limits, const base::Until& until);

// A line as the kubelet writes it with `timestamps=true`: "2026-11-23T11:53:05.123456789Z text",
// also with an offset ("+01:00"). Without a time the whole line is the text.
// https://www.rfc-editor.org/rfc/rfc3339
PodLogLine ParseLogLine(std::string_view line);

}  // namespace trial
