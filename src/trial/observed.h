#pragma once

// A condition followed over time: since when it holds, when it first did, what broke it. Pure: it
// is told the changes.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "kube/client.h"
#include "trial/condition.h"

namespace trial {

// When something became true, in resource versions: those of one API server are comparable numbers
// (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions), across kinds
// too where all are in one etcd. Between the two, both included.
struct Moments {
  uint64_t from = 0;
  uint64_t to = 0;
};

// Not thread-safe.
class Observed {
 public:
  explicit Observed(Condition condition) : condition_(std::move(condition)) {}

  // An object that was there when the following began.
  void Present(const kube::ObjectPtr& object);
  // All of those have been told. Called once, before the first Change.
  void Begin(base::Instant now);
  bool begun() const { return begun_; }
  void See(const kube::Change& change, base::Instant now);

  const Condition& condition() const { return condition_; }
  bool holds() const { return judgement_.holds; }
  // The beginning of the present time of holding; only while it holds.
  base::Instant since() const { return since_; }
  bool ever_held() const { return first_.has_value(); }
  // When it first held. What held at the beginning did so from an unknown time on.
  const std::optional<Moments>& first() const { return first_; }
  // Whether the condition as such, `never` left aside, was seen at any time, and the object.
  const kube::ObjectPtr& seen_although_never() const { return violation_; }
  // The last break after it had held: how, and how long it had held; "" when there was none.
  const std::string& broken() const { return broken_; }
  base::Duration held_before_break() const { return held_before_break_; }
  const Judgement& judgement() const { return judgement_; }

 private:
  void JudgeAgain(uint64_t version, bool at_the_beginning, base::Instant now);

  Condition condition_;
  std::map<kube::Key, kube::ObjectPtr> objects_;
  bool begun_ = false;
  Judgement judgement_;
  base::Instant since_{};
  std::optional<Moments> first_;
  kube::ObjectPtr violation_;
  std::string broken_;
  base::Duration held_before_break_{};
};

}  // namespace trial
