#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sys {

// One line of /proc/PID/mountinfo (proc(5)).
struct MountEntry {
  std::string point;
  std::string type;                  // "ext4", "cgroup2"
  std::string source;                // "/dev/vda"
  std::vector<std::string> options;  // of the file system: "rw", "cpuset"
};

// Parses mountinfo text; lines that are none are left out.
std::vector<MountEntry> ParseMounts(std::string_view mountinfo);

// The mounts that this process sees.
base::Result<std::vector<MountEntry>> ReadMounts();

// mount(2); an empty text is passed as null. The error names the target, type and source.
base::Result<> Mount(const std::string& source, const std::string& target, const std::string& type,
                     unsigned long flags, const std::string& data = "");

}  // namespace sys
