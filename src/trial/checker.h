#pragma once

// What can be known of a suite before there is a cluster, beyond what loading it tells:
// `seatrial check`. Reads files beside those of the suite; no network.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "schema/catalog.h"
#include "trial/fields.h"
#include "trial/plan.h"
#include "trial/suite.h"

namespace trial {

// A suite as loaded. References; must outlive the call that takes it.
struct LoadedFiles {
  const SuiteConfig& config;
  const Plan& plan;
  const std::vector<Manifest>& crds;
  const std::vector<Manifest>& manifests;
};

struct CheckSettings {
  std::map<std::string, std::string> environment;  // whole; PATH is searched for programs
  std::filesystem::path working_directory;         // of suite commands
  std::filesystem::path kubernetes_bin;            // more programs for commands; "": none
};

// Files that look like part of a test and are not: step files a level too high or too deep, assert
// files without a number, kuttl's own kinds in files that nothing reads. Commands whose program, or
// whose script file, is not there. All that is found is added to `problems`.
void CheckFiles(const LoadedFiles& suite, const CheckSettings& settings, Problems& problems);

struct ObjectCount {
  size_t checked = 0;
  std::map<std::string, size_t> unchecked;  // objects without a schema, by "minio.io/v1 Tenant"
};

// The group versions ("apps/v1") of all objects of the suite, and of the definitions among them.
std::vector<std::string> GroupVersions(const LoadedFiles& suite);

// Adds the CustomResourceDefinitions among the suite's objects to `catalog`.
void AddDefinitions(const LoadedFiles& suite, schema::Catalog& catalog, Problems& problems);

// Holds every object, and every entry of a delete list, against `catalog`. What the API server
// refuses or what can never match is an error; what it drops is a warning, and so is a required
// field that is missing where a command may have made the object before. What is applied a second
// time is a patch and needs no required fields.
ObjectCount CheckObjects(const LoadedFiles& suite, const schema::Catalog& catalog,
                         Problems& problems);

}  // namespace trial
