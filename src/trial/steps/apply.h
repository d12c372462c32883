#pragma once

// Creating and updating objects as kuttl does: POST, or a JSON merge patch of what is there.

#include <set>

#include "trial/steps/context.h"
#include "trial/suite.h"

namespace trial {

// Label (and annotation) of what a run made; its value is the run's id.
constexpr char kRunLabel[] = "seatrial.dev/run";

// An object that the run made and has to remove again.
struct CreatedObject {
  kube::Kind kind;
  kube::Key key;
  std::string uid;
  bool custom = false;  // of a group that is not Kubernetes' own
  bool has_finalizers = false;
};

// What a test has applied so far.
struct AppliedObjects {
  std::set<std::pair<kube::Kind, kube::Key>> touched;
  std::vector<CreatedObject> created;  // in order
};

// Applies `manifests` in order; an error stops none of the others. A namespaced object without a
// namespace goes to the test's. Each has the suite's timeout: conflicts, an API server or webhook
// that does not answer, a missing default service account and a CRD that is not served yet are
// tried again until then. The first time that a test names an object in its own new namespace, it
// is posted without a look, to save a round trip.
Outcome Apply(const StepContext& context, const std::vector<Manifest>& manifests,
              AppliedObjects& applied, const base::Until& until);

// Is the group one of Kubernetes' own ("", apps, *.k8s.io)?
bool IsBuiltInGroup(const std::string& group);

}  // namespace trial
