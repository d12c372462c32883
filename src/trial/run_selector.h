#pragma once

// Which runs a file belongs to: TestFile's testRunSelector against the run's labels.
// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "trial/fields.h"
#include "trial/suite.h"

namespace trial {

using Labels = std::map<std::string, std::string>;

// A label selector. Without requirements it selects every run.
struct RunSelector {
  struct Requirement {
    enum class Operator { kIn, kNotIn, kExists, kDoesNotExist };
    std::string key;
    Operator op = Operator::kIn;
    std::vector<std::string> values;
  };
  std::vector<Requirement> requirements;
  bool nothing = false;  // there is no testRunSelector: selects no run at all, as in kuttl

  bool Selects(const Labels& labels) const;
};

// Of a TestFile document, with all its problems.
RunSelector ReadRunSelector(const value::Document& document, Problems& problems);

// "a=b,c=d", as --test-run-labels has it; spaces around keys and values are dropped. kInvalid says
// what is wrong.
base::Result<Labels> ParseLabels(std::string_view text);

}  // namespace trial
