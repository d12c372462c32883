#pragma once

// A container runtime in front of runc for machines without CAP_SYS_RESOURCE. There a container
// engine cannot start anything: it asks for that capability, for resource limits above ours and for
// an oom_score_adj below ours, and the kernel denies all three. The wrapper takes them out of what
// runc is about to read and becomes runc.
// https://github.com/opencontainers/runtime-spec/blob/main/config.md#linux-process

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "value/json.h"

namespace cluster::engine {

// The file that a runc command line makes runc read, and which part of it describes the process:
// config.json of the bundle for `create` and `run`, the file of `--process` for `exec`. Nothing for
// other commands, and for an exec that names its process on the command line.
struct ProcessFile {
  std::filesystem::path path;
  bool whole = false;  // the file is the process; otherwise its member "process" is
  bool operator==(const ProcessFile&) const = default;
};
std::optional<ProcessFile> FindProcessFile(const std::vector<std::string>& arguments);

// Takes out of `process`, an object, what this machine cannot give: CAP_SYS_RESOURCE from every
// set, rlimits, and an oomScoreAdj below `own_oom_score_adj`. Capabilities of another type than
// they should be stay, for runc to refuse.
void Restrain(value::Json& process, int own_oom_score_adj);

// `seatrial engine-runc RUNC ARGUMENT...`: rewrites the file if there is one and becomes RUNC.
// Returns only on failure, with the exit status 125, having said why on stderr, which the engine
// shows.
int RunRuntimeWrapper(const std::vector<std::string>& arguments);

// True where this process could not give CAP_SYS_RESOURCE to a child.
bool LacksResourceCapability();

}  // namespace cluster::engine
