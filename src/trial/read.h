#pragma once

// The kuttl.dev kinds read from documents: TestSuite, TestStep, TestAssert.

#include <optional>
#include <string>
#include <vector>

#include "trial/fields.h"
#include "trial/suite.h"

namespace trial {

// A TestStep document. `apply`, `asserts` and `errors` name files, still unread.
struct StepSpec {
  Place place;
  std::string name;
  struct Reference {
    Place place;
    std::string path;
  };
  std::vector<Reference> apply, asserts, errors;
  std::vector<DeleteSpec> deletes;
  std::vector<CommandSpec> commands;
  std::vector<CommandSpec> on_failure, at_end;  // catch, finally
  base::Duration limit{};
  bool expand = false;
  TestRules rules;
  ClusterRef cluster;  // with the kubeconfig as written
  std::optional<bool> fail_early;
};

// Is `document` of API group kuttl.dev (any version) and this kind?
bool IsKuttlKind(const value::Document& document, std::string_view kind);

// Each adds its problems. What this version cannot do yet is an error, never ignored.
StepSpec ReadStep(const value::Document& document, Problems& problems);
CheckSpec ReadCheck(const value::Document& document, Problems& problems);
SuiteConfig ReadSuite(const value::Document& document, Problems& problems);

}  // namespace trial
