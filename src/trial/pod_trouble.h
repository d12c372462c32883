#pragma once

// What is wrong with one Pod: its containers, its volumes, its node. Pure.

#include <vector>

#include "kube/object.h"
#include "trial/diagnose.h"

namespace trial {

// Worst container first; empty for a Pod that is fine.
std::vector<Cause> PodTrouble(const kube::Object& pod, const World& world);

// Logs of the containers that have ended or are not ready.
std::vector<LogOf> LogsOfPod(const kube::Object& pod);

// Would the claims of `pod`, or its node, say more?
bool WaitsForClaims(const kube::Object& pod);
bool WaitsForNode(const kube::Object& pod);

// What is wrong with a Node: not ready, under pressure. `about`: the Pod on it.
std::vector<Cause> NodeTrouble(const kube::Object& node);

}  // namespace trial
