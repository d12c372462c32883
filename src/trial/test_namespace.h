#pragma once

// The namespace of a test, on one cluster.

#include <string>

#include "kube/client.h"
#include "trial/announcer.h"
#include "trial/events.h"

namespace trial {

// What came of making it.
struct TestNamespace {
  std::string uid;            // set: it is ours to delete
  bool perhaps_made = false;  // no answer: if it is there with our label, it is ours
};

// Makes the namespace `ns` with the label of `run`, and tries again while the API server does not
// answer. One that is there already is used as it is, and not ours (unless it has our label); so is
// one that we have no right to make. `made` is set as far as known, also on failure.
base::Result<> MakeTestNamespace(kube::Client& client, const std::string& ns,
                                 const std::string& run, const Story& story, TestNamespace& made,
                                 const base::Until& until);

}  // namespace trial
