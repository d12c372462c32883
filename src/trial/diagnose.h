#pragma once

// Why is an object not as expected? Walks from it along owner references down to Pods, their
// containers, volumes, nodes and events. Pure: a view of the objects in, causes out.

#include <map>
#include <string>
#include <vector>

#include "kube/object.h"
#include "trial/cause.h"

namespace trial {

// What is known of a namespace (and the nodes) at one moment.
struct World {
  std::vector<kube::ObjectPtr> objects;           // Pods, ReplicaSets, Jobs, claims, Nodes, ...
  std::vector<kube::ObjectPtr> events;            // core v1 Events
  std::map<std::string, std::string> last_lines;  // of logs, by LogOf::Id
};

// Workloads, what stands between them and their Pods, and claims: what the artifacts of a failed
// step hold besides the kinds that it speaks about.
std::vector<kube::Kind> DiagnosedKinds();

// The kinds whose objects would say more about `subject` (null: nothing is there) than `world` does
// so far. To be read and asked for again until it names none that is not read already.
std::vector<kube::Kind> KindsFor(const kube::Object* subject, const World& world);

// From `subject` down to the root of the trouble: conditions that say what is wrong, the worst of
// its Pods with the state of their containers, claims, nodes and quotas that hold them, the newest
// warning events. Empty when nothing is known to be wrong.
std::vector<Cause> Diagnose(const kube::Object& subject, const World& world);

// The same when the object is not there: Pods in trouble and the newest warnings of the namespace.
std::vector<Cause> DiagnoseAbsence(const World& world);

// A log whose last line would tell more.
struct LogOf {
  kube::Key pod;
  std::string container;
  bool previous = false;  // of the container before its last restart
  int64_t restarts = 0;

  // "Pod ns/name/container#restarts".
  std::string Id() const;
};

// The logs that Diagnose could use, at most a few. `subject` null: of the namespace's Pods.
std::vector<LogOf> LogsFor(const kube::Object* subject, const World& world);

}  // namespace trial
