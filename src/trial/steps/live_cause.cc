#include "trial/steps/live_cause.h"

#include <algorithm>
#include <set>

#include "trial/deletion.h"
#include "trial/hopeless.h"

namespace trial {
namespace {

// States of a container are there to stay; what somebody else may still provide (a node, a volume,
// a ConfigMap, room in a quota) gets a little longer.
constexpr base::Duration kPatience = std::chrono::seconds(1);
constexpr base::Duration kLongPatience = std::chrono::seconds(3);

base::Duration PatienceWith(const Cause& cause) {
  static const std::set<std::string> container = {
      "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName",        "ImageInspectError",
      "CrashLoopBackOff", "RunContainerError", "ProgressDeadlineExceeded"};
  return container.count(cause.reason) != 0 ? kPatience : kLongPatience;
}

// The kubelet says both in turn.
std::string IdOf(const Cause& cause) {
  const std::string reason = cause.reason == "ErrImagePull" ? "ImagePullBackOff" : cause.reason;
  return cause.about + " " + reason;
}

bool InTheWay(const Wanted& wanted, const Judgement& judgement) {
  return wanted.want == Condition::Want::kAbsent && judgement.nearest &&
         judgement.nearest->deleting();
}

}  // namespace

const std::vector<Cause>& LiveCause::Look(const std::vector<Wanted>& wanted, const Round& round,
                                          const base::Until& until) {
  causes_.clear();
  for (size_t i = 0; i < round.judgements.size(); ++i) {
    const Judgement& judgement = round.judgements[i];
    if (judgement.holds) continue;
    if (i < wanted.size() && InTheWay(wanted[i], judgement)) {
      causes_ = WhatBlocks(*judgement.nearest, {});
      break;
    }
    World world = WatchWorld(context_, judgement.nearest.get(), signal_, until);
    AddLogs(context_, judgement.nearest.get(), world, logs_, until);
    causes_ = judgement.nearest ? Diagnose(*judgement.nearest, world) : DiagnoseAbsence(world);
    break;
  }
  return causes_;
}

std::string LiveCause::Text() const {
  const Cause* root = RootOf(causes_);
  return root == nullptr ? "" : root->text;
}

std::optional<Cause> LiveCause::Fatal(const Condition& condition, base::Instant now) {
  std::map<std::string, base::Instant> still;
  std::optional<Cause> fatal;
  fatal_at_.reset();
  for (const Cause& cause : causes_) {
    if (!cause.stuck() || AsksFor(condition, cause.reason)) continue;
    const std::string id = IdOf(cause);
    const auto known = stuck_since_.find(id);
    const base::Instant since = known == stuck_since_.end() ? now : known->second;
    still[id] = since;
    const base::Instant due = since + PatienceWith(cause);
    if (due <= now)
      fatal = cause;  // the last is the nearest to the root
    else
      fatal_at_ = fatal_at_ ? std::min(*fatal_at_, due) : due;
  }
  stuck_since_ = std::move(still);
  return fatal;
}

std::vector<Cause> CausesBelow(const StepContext& context, const kube::Object* subject,
                               const base::Until& until) {
  World world = ReadWorld(context, subject, until);
  LogCache logs;
  AddLogs(context, subject, world, logs, until);
  return subject != nullptr ? Diagnose(*subject, world) : DiagnoseAbsence(world);
}

std::vector<Cause> CausesOf(const StepContext& context, const Wanted& wanted,
                            const Judgement& judgement, const base::Until& until) {
  if (InTheWay(wanted, judgement))
    return WhatBlocks(*judgement.nearest, ReadWorldOfDeletion(context, *judgement.nearest, until));
  std::vector<Cause> causes = CausesBelow(context, judgement.nearest.get(), until);
  if (wanted.want == Condition::Want::kAbsent && judgement.nearest) {
    for (Cause& cause : WhatBlocks(*judgement.nearest, {})) causes.push_back(std::move(cause));
  }
  return causes;
}

}  // namespace trial
