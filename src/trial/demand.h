#pragma once

// What a TestAssert asks for beyond its assert files, in fields of ours that kuttl ignores:
// `match`, `order`. Pure; doc/suite-format.md has the language.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "expect/field_path.h"
#include "expect/matcher.h"
#include "trial/condition.h"
#include "trial/suite.h"

namespace trial {

// One entry of `match` or `order`: some objects, and what their fields have to be.
struct Demand {
  Place place;
  kube::Kind kind;
  std::string name, ns;  // with an empty name all with the labels are meant
  std::map<std::string, std::string> labels;
  struct Field {
    Place place;
    expect::FieldPath path;
    expect::Matcher matcher;
    value::Json written;  // what the matcher was made of
  };
  std::vector<Field> fields;
  std::optional<expect::Matcher> count;  // of the objects whose fields are so
  bool all = false;                      // count: all
  bool never = false;                    // none may be so at any moment of the step
  base::Duration stays{};                // it has to hold for so long without a break
  value::Json written;

  // Does it speak about more than one moment?
  bool temporal() const { return never || stays > base::Duration{}; }
};

// The same as a condition whose kind is known. `namespaced`: as discovery says.
Condition MakeCondition(const std::shared_ptr<const Demand>& demand, bool namespaced,
                        const std::string& test_ns);
// The object that stands for a demand where a manifest is asked for: its kind and name.
Manifest ManifestOf(const Demand& demand);

// Every field of `object` that is not as demanded; empty when all are.
std::vector<FieldMiss> Misses(const Demand& demand, const kube::Object& object);

// Called by Judge and Explain of condition.h for a condition with a demand.
Judgement JudgeDemand(const Condition& condition, const std::vector<kube::ObjectPtr>& candidates);
Failure ExplainDemand(const Condition& condition, const Judgement& judgement,
                      const std::vector<std::string>& neighbours);

}  // namespace trial
