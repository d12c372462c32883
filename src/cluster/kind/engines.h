#pragma once

// Which container engine a cluster of kind lives in.

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/engine/engine.h"
#include "sys/process.h"

namespace cluster::kind {

// An engine that answered. `name` is also the word that kind knows it by.
struct ContainerEngine {
  std::string name;                                // docker, podman or nerdctl: the client's name
  std::map<std::string, std::string> environment;  // for the client and for kind: all of it
  std::optional<engine::Engine> ours;              // set when it is the one of `seatrial engine up`

  std::string Describe() const;
  // The client with `arguments`.
  sys::Command Client(std::vector<std::string> arguments) const;
};

// The machine's first that answers: docker (or what DOCKER_HOST names), podman, nerdctl; else the
// engine of `seatrial engine up` in `state_dir`. A word in KIND_EXPERIMENTAL_PROVIDER of
// `environment` leaves only that one. kUnavailable tells what was asked and what to do.
base::Result<ContainerEngine> FindEngine(const std::map<std::string, std::string>& environment,
                                         const std::filesystem::path& state_dir,
                                         const base::Until& until);

// The engine that was found when a cluster was made, again: `name` and `ours` as they were then.
base::Result<ContainerEngine> SameEngine(const std::map<std::string, std::string>& environment,
                                         const std::filesystem::path& state_dir,
                                         const std::string& name, bool ours);

}  // namespace cluster::kind
