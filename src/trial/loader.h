#pragma once

// Reads suites from disk: everything first, all problems at once with file:line:column. No cluster.

#include <map>
#include <string>
#include <vector>

#include "trial/evaluation.h"
#include "trial/fields.h"
#include "trial/remote_files.h"
#include "trial/run_selector.h"
#include "trial/suite.h"

namespace trial {

// Reads kuttl-test.yaml. Several TestSuites: the last wins, with a warning, as in kuttl; without
// one, and of other objects, the defaults stay, with a warning for every other object.
SuiteConfig LoadConfig(const std::string& file, Problems& problems);

struct LoadOptions {
  std::vector<std::string> ignore_files;
  // For $VAR in the apply, assert and error lists of a TestStep.
  std::map<std::string, std::string> environment;
  // For templates and expressions; null: they are errors.
  Evaluation* evaluation = nullptr;
  // Which files with a TestFile belong to this run.
  Labels run_labels = {};
  // For what is at a URL; null: that is refused. Must outlive the tests, whose folders may be its.
  RemoteFiles* remote = nullptr;
};

// The tests of one testDirs entry: its immediate sub-directories, by name; of a URL those of the
// archive there. Files beside them are
// ignored. Warns about a link to a directory (kuttl leaves it out too) and an empty test.
std::vector<Test> LoadTests(const std::string& suite_dir, const LoadOptions& options,
                            Problems& problems);

// What `kuttl assert` and `kuttl errors` take, as a step without a number: files, directories
// (their *.yaml) and URLs, relative to the current folder. A TestAssert in one of them counts.
Step LoadAsserts(const std::vector<std::string>& paths, const LoadOptions& options,
                 Problems& problems);
Step LoadErrors(const std::vector<std::string>& paths, const LoadOptions& options,
                Problems& problems);

// The objects of all YAML and JSON files below `directory`, in the order of their paths
// (manifestDirs, crdDir).
std::vector<Manifest> LoadManifests(const std::string& directory, Problems& problems);

}  // namespace trial
