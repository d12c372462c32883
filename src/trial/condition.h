#pragma once

// What an assert or errors file asks, as a predicate over objects. Pure.

#include <optional>
#include <string>
#include <vector>

#include "expect/match.h"
#include "trial/suite.h"
#include "trial/verdict.h"

namespace trial {

struct Demand;

// One object of an assert file (some object must look so) or of an errors file (none may).
struct Condition {
  enum class Want { kPresent, kAbsent, kMatch };
  Want want = Want::kPresent;
  Manifest manifest;  // as written, with the test's namespace filled in
  // Where to look: by name, or with an empty name all with the labels.
  kube::Kind kind;
  std::string ns;  // "" for cluster-scoped kinds
  std::string name;
  std::map<std::string, std::string> labels;
  std::shared_ptr<const Demand> demand;  // of kMatch: what to ask instead of the manifest

  // "Deployment kuttl-x/web", "Pod in kuttl-x with app=web".
  std::string Subject() const;
};

// `namespaced`: what discovery says about the kind. The test's namespace is filled in where a
// namespaced object has none.
Condition MakeCondition(Condition::Want want, Manifest manifest, bool namespaced,
                        const std::string& test_ns);

// A field that is not as demanded, and where that was written.
struct FieldMiss {
  Place place;
  std::string text;
};

// What one look at the objects said.
struct Judgement {
  bool holds = false;
  kube::ObjectPtr nearest;  // the nearest candidate (kPresent), or the one in the way (kAbsent)
  std::vector<expect::Mismatch> mismatches;  // of `nearest`, for kPresent
  size_t candidates = 0;
  std::string miss;               // of kMatch: in one line
  std::vector<FieldMiss> misses;  // of kMatch: of `nearest`
  // Looking itself failed.
  std::optional<base::Error> error;
};

// `candidates` are the objects that Condition's name or labels select.
Judgement Judge(const Condition& condition, const std::vector<kube::ObjectPtr>& candidates);

// One line: `.data.color: expected "red", found "blue"`, "not found", "matches, but must not".
std::string NearestMiss(const Condition& condition, const Judgement& judgement);

// The full account of a condition that does not hold, without its cause. `neighbours`: names of
// other objects of the kind there are, for an object that was not found.
Failure Explain(const Condition& condition, const Judgement& judgement,
                const std::vector<std::string>& neighbours);

}  // namespace trial
