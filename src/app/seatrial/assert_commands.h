#pragma once

// `assert` and `errors`: files held against a cluster, once, without a suite.

#include <string>
#include <vector>

#include "app/seatrial/target.h"

namespace app {

struct AssertFlags {
  std::vector<std::string> files;  // files, directories (their *.yaml), URLs
  std::string ns = "default";
  int timeout = 5;  // seconds; 0: one look
  bool errors = false;
  bool strict = false;
};

// kuttl's flags and the cluster's.
struct AssertCommand {
  CLI::App* command;
  std::shared_ptr<AssertFlags> flags;
  std::shared_ptr<ClusterFlags> cluster;
};
AssertCommand AddAssertCommand(CLI::App& app, bool errors);

// Waits until the objects are there (`errors`: are not there), as an assert file of a step would.
// kPassed; kFailed; kUsage for files that cannot be read and a cluster that is not named; kErrored
// when it cannot be asked.
int CheckFiles(const AssertFlags& flags, const ClusterFlags& cluster, Context& context);

}  // namespace app
