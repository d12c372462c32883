#include "trial/observed.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "trial/demand.h"

namespace trial {
namespace {

uint64_t Version(const kube::Object& object) {
  const std::string text = object.resource_version();
  uint64_t version = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), version);
  return version;
}

bool Selects(const Condition& condition, const kube::Object& object) {
  if (!condition.ns.empty() && object.ns() != condition.ns) return false;
  if (!condition.name.empty()) return object.name() == condition.name;
  return kube::MatchesLabels(object, condition.labels);
}

}  // namespace

void Observed::Present(const kube::ObjectPtr& object) {
  if (Selects(condition_, *object)) objects_[object->key()] = object;
}

void Observed::Begin(base::Instant now) {
  uint64_t newest = 0;
  for (const auto& [key, object] : objects_) newest = std::max(newest, Version(*object));
  begun_ = true;
  JudgeAgain(newest, true, now);
}

void Observed::See(const kube::Change& change, base::Instant now) {
  const kube::Key key = change.object->key();
  // One that no longer has the labels has left, as if it were deleted.
  const bool there =
      change.type != kube::ChangeType::kDeleted && Selects(condition_, *change.object);
  if (there)
    objects_[key] = change.object;
  else if (objects_.erase(key) == 0)
    return;
  JudgeAgain(Version(*change.object), false, now);
}

void Observed::JudgeAgain(uint64_t version, bool at_the_beginning, base::Instant now) {
  std::vector<kube::ObjectPtr> candidates;
  for (const auto& [key, object] : objects_) candidates.push_back(object);
  const bool before = judgement_.holds;
  judgement_ = Judge(condition_, candidates);
  const bool never = condition_.demand && condition_.demand->never;
  if (never && !judgement_.holds && !violation_) violation_ = judgement_.nearest;
  if (judgement_.holds && !before) {
    since_ = now;
    if (!first_) first_ = Moments{at_the_beginning ? 0 : version, version};
  } else if (!judgement_.holds && before) {
    broken_ = NearestMiss(condition_, judgement_);
    held_before_break_ = now - since_;
  }
}

}  // namespace trial
