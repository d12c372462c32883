#pragma once

// What a new version of an object says that the one before did not: the lines of a timeline. Pure.

#include <string>
#include <vector>

#include "kube/object.h"

namespace trial {

struct StatusChange {
  std::string text;    // "phase: Running", "condition Ready: False (KubeletNotReady)"
  bool wrong = false;  // a state that somebody should look at
  bool operator==(const StatusChange&) const = default;
};

// One entry for each thing that is new or different in `after`: conditions (status and reason),
// states of containers, plain values of .status, a new generation, the data of ConfigMaps, a
// deletion that was asked for. All of them when `before` is null.
std::vector<StatusChange> StatusChanges(const kube::Object* before, const kube::Object& after);

}  // namespace trial
