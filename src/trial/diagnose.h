#pragma once

// Why is an object not as expected? Walks from it along owner references down to Pods, their
// containers and events. Pure: a view of the objects in, lines of text out.

#include <string>
#include <vector>

#include "kube/object.h"

namespace trial {

// What is known of a namespace at one moment.
struct World {
  std::vector<kube::ObjectPtr> objects;  // Pods, ReplicaSets, Jobs, ...
  std::vector<kube::ObjectPtr> events;   // core v1 Events
};

// The kinds that a World is made of besides events: what stands between a workload and its Pods.
std::vector<kube::Kind> DiagnosedKinds();

// One line each, from `subject` down to the root of the trouble: conditions that say what is wrong,
// the worst of its Pods with the state of their containers, the newest warning event. Empty when
// nothing is known to be wrong.
std::vector<std::string> Diagnose(const kube::Object& subject, const World& world);

// The same when the object is not there: the newest warnings of the namespace, and Pods in trouble.
std::vector<std::string> DiagnoseAbsence(const World& world);

// What is wrong with one Pod, worst first; empty for a Pod that is fine.
std::vector<std::string> PodTrouble(const kube::Object& pod);

}  // namespace trial
