#pragma once

// What a failed step leaves behind for people to read.

#include <filesystem>

#include "trial/steps/context.h"
#include "trial/suite.h"

namespace trial {

// Writes below `folder` (made if need be): failure.txt, output.txt (the step's story with the
// output of its commands), events.txt, objects/KIND-NAME.yaml (what stands in the test's namespace,
// of the kinds that the test speaks about and of workloads; values of Secrets left out), logs of
// Pods, and the output of the TestAssert's collectors. Returns the files written. What cannot be
// read is named in a warning; `until` bounds all of it.
std::vector<std::string> Collect(const StepContext& context, const Step& step,
                                 const Outcome& outcome, const std::vector<kube::Kind>& kinds,
                                 const std::filesystem::path& folder, const base::Until& until);

// The command that a collector stands for, in kuttl's exact words; "" for an invalid one.
std::string CollectorCommand(const CollectorSpec& spec);

// One failure with all it knows, for a text file.
std::string FailureText(const Failure& failure);

}  // namespace trial
