#pragma once

// The expressions (CEL) of a TestAssert, judged by objects that somebody else reads.

#include <string>
#include <vector>

#include "expect/evaluator.h"
#include "trial/steps/context.h"
#include "trial/steps/view.h"

namespace trial {

// One wait's. `context` and `step` must outlive it. One thread.
class Expressions {
 public:
  Expressions(const StepContext& context, const Step& step);

  // What to wait for beside the expressions: that the object of each reference is there.
  std::vector<Wanted> Refs() const;
  bool any() const { return !texts_.empty(); }

  // Judges by `refs`, one for each of Refs(). Holds when one of assertAny and all of assertAll are
  // true; without all objects it does not. `nearest` is the object of the first reference. Asks the
  // helper only when an object has changed. An error of the judgement: it could not be asked.
  Judgement Judge(const std::vector<Judgement>& refs, const base::Until& until);

  // Of the last judgement, which did not hold: "expression web.spec.replicas == 3" and
  // "false (web.spec.replicas: 2)".
  std::string Subject() const;
  std::string Miss() const;
  // Every expression that is not as it should be, as a failure of its own; assertAny is one.
  std::vector<Failure> Failures() const;

 private:
  bool Holds() const;
  base::Result<> Evaluate(const std::vector<kube::ObjectPtr>& objects, const base::Until& until);
  // The first expression of the first list that does not hold; null when they hold.
  const Expression* FirstMiss() const;
  Failure AnyFailure() const;

  const StepContext& context_;
  const CheckSpec* check_;                // null: no TestAssert
  std::vector<const Expression*> all_;    // assertAny, then assertAll
  std::vector<std::string> texts_;        // of all_
  std::vector<kube::ObjectPtr> objects_;  // that truths_ is about
  std::vector<expect::Truth> truths_;     // one for each of all_; empty: not known
  std::string unknown_;                   // why they are not known
};

}  // namespace trial
