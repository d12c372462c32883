#include "vmafx/operator/training_reconciler.h"

#include <algorithm>

#include "vmafx/api/feedback.h"
#include "vmafx/api/names.h"
#include "vmafx/operator/dispatch.h"
#include "vmafx/operator/staffing.h"
#include "vmafx/operator/trainer_addresses.h"

namespace vmafx::operators {
namespace {

using base::Code;
using ctrl::Outcome;

constexpr char kManager[] = "vmafx-operator";

std::string OwnerOf(const kube::Object& object) {
  for (const kube::Object::Owner& owner : object.owners()) {
    if (owner.kind == "VmafxModelTraining") return owner.uid;
  }
  return "";
}

// What tells that an object's wanted fields may have changed since: its generation, which its
// status does not count, and where there is none its version.
std::string StampOf(const kube::Object& object) {
  const kube::Json* generation = object.Find({"metadata", "generation"});
  return object.uid() + "/" +
         (generation != nullptr ? generation->dump() : object.resource_version());
}

// What only the user can help: it is told in the status. All else is just tried again.
bool IsObstacle(const base::Error& error) {
  return error.code() == Code::kDenied || error.code() == Code::kInvalid ||
         error.code() == Code::kExists;
}

}  // namespace

TrainingReconciler::TrainingReconciler(kube::Client& client, TrainingStores stores,
                                       TrainerFollower& follower, TrainerSettings settings,
                                       base::Clock& clock, base::Log log)
    : client_(client),
      stores_(stores),
      follower_(follower),
      settings_(std::move(settings)),
      clock_(clock),
      log_(log),
      events_(client, clock, log) {}

base::Result<Outcome> TrainingReconciler::Reconcile(const kube::Key& key,
                                                    const base::Until& until) {
  const kube::ObjectPtr object = stores_.trainings.Find(key);
  if (object == nullptr || object->deleting()) {
    follower_.Forget(key);
    const std::string text = kube::Key{key.ns, api::TrainerName(key.name)}.Text();
    applied_.With([&](auto& applied) {
      for (const kube::Kind& kind : {kDeploymentKind, kServiceKind}) {
        applied.erase(kind.kind + " " + text);
      }
    });
    return Outcome::Done();
  }
  const api::Training training = TRY(api::ReadTraining(*object));
  const std::string refusal = Refusal(training);
  base::Result<> made = refusal.empty() ? MakeObjects(training, until) : base::Ok();
  const bool told = made.ok() || IsObstacle(made.error()) || made.Is(Code::kConflict);
  if (!told) return std::move(made).error();
  TRY(SetStatus(*object, View(training, refusal, made), until));
  TRY(std::move(made));
  return Outcome::Done();
}

std::string TrainingReconciler::Refusal(const api::Training& training) const {
  auto checked = api::CheckTraining(training);
  if (!checked.ok()) return checked.error().message();
  if (settings_.image.empty()) return "the operator was given no trainer image (--trainer-image)";
  return "";
}

base::Result<> TrainingReconciler::MakeObjects(const api::Training& training,
                                               const base::Until& until) {
  TRY(MakeClaim(MakeTrainerClaim(training, settings_), until));
  TRY(Apply(MakeTrainerService(training, settings_), stores_.services, until));
  return Apply(MakeTrainerDeployment(training, settings_), stores_.deployments, until);
}

base::Result<> TrainingReconciler::MakeClaim(const kube::Object& wanted, const base::Until& until) {
  if (TRY(FindOwn(wanted, stores_.claims, until)) != nullptr) return base::Ok();
  const kube::Object made = TRY(client_.Create(wanted, until));
  return stores_.claims.WaitForVersion(made.resource_version(), until);
}

base::Result<> TrainingReconciler::Apply(const kube::Object& wanted, kube::Store& store,
                                         const base::Until& until) {
  const kube::ObjectPtr stored = TRY(FindOwn(wanted, store, until));
  const std::string name = wanted.kind().kind + " " + wanted.key().Text();
  const std::string text = wanted.json().dump();
  const bool same = stored != nullptr && applied_.Read([&](const auto& applied) {
    auto found = applied.find(name);
    return found != applied.end() && found->second.wanted == text &&
           found->second.stored == StampOf(*stored);
  });
  if (same) return base::Ok();
  const kube::Object now = TRY(client_.Apply(wanted, kManager, "", until));
  if (stored == nullptr || stored->resource_version() != now.resource_version()) {
    log_.Info(stored == nullptr ? "made" : "changed", {{"object", wanted.Text()}});
  }
  applied_.With([&](auto& applied) { applied[name] = {text, StampOf(now)}; });
  return store.WaitForVersion(now.resource_version(), until);
}

base::Result<kube::ObjectPtr> TrainingReconciler::FindOwn(const kube::Object& wanted,
                                                          const kube::Store& store,
                                                          const base::Until& until) {
  kube::ObjectPtr found = store.Find(wanted.key());
  if (found == nullptr) {
    auto fresh = client_.Get(wanted.kind(), wanted.key(), until);
    if (fresh.Is(Code::kNotFound)) {
      TRY(CheckOwner(wanted, until));
      return kube::ObjectPtr();
    }
    found = std::make_shared<const kube::Object>(TRY(std::move(fresh)));
  }
  const std::string owner = OwnerOf(*found);
  if (owner == OwnerOf(wanted)) return found;
  if (owner.empty()) {
    return base::Fail(Code::kExists,
                      "{} exists and belongs to something else: delete it, or give the training "
                      "another name",
                      wanted.Text());
  }
  // Its removal will be heard of.
  return base::Fail(Code::kUnavailable,
                    "{} of an earlier VmafxModelTraining is still being removed", wanted.Text());
}

base::Result<> TrainingReconciler::CheckOwner(const kube::Object& wanted,
                                              const base::Until& until) {
  for (const kube::Object::Owner& owner : wanted.owners()) {
    if (owner.kind != kTrainingKind.kind) continue;
    auto training = client_.Get(kTrainingKind, {wanted.ns(), owner.name}, until);
    if (!training.ok() && !training.Is(Code::kNotFound)) return std::move(training).error();
    if (training.ok() && training->uid() == owner.uid && !training->deleting()) continue;
    return base::Fail(Code::kUnavailable, "{} is not made: its VmafxModelTraining is gone",
                      wanted.Text());
  }
  return base::Ok();
}

TrainingView TrainingReconciler::View(const api::Training& training, const std::string& refusal,
                                      const base::Result<>& made) {
  TrainingView view;
  view.training = training;
  view.refusal = refusal;
  if (!made.ok()) {
    (made.Is(Code::kConflict) ? view.delay : view.obstacle) = made.error().message();
  }
  view.now = clock_.WallNow();
  const kube::Key& key = training.key;
  const kube::Key name{key.ns, api::TrainerName(key.name)};
  view.deployment = stores_.deployments.Find(name);
  view.claim = stores_.claims.Find(name);
  view.pods = stores_.pods.List(key.ns, {{std::string(api::kTrainingLabel), key.name}});
  const auto running = refusal.empty() ? RunningTrainer(view.pods) : std::nullopt;
  if (running) {
    view.trainer = follower_.Follow(key, *running);
  } else {
    follower_.Forget(key);
  }
  const std::vector<kube::ObjectPtr> nodes = stores_.nodes.List(key.ns);
  view.active_nodes = std::count_if(nodes.begin(), nodes.end(), [&](const kube::ObjectPtr& node) {
    return ReadPool(*node).healthy && Selects(training.spec.node_selector, LabelsOf(*node));
  });
  return view;
}

base::Result<> TrainingReconciler::SetStatus(const kube::Object& object, const TrainingView& view,
                                             const base::Until& until) {
  const api::Training& training = view.training;
  const api::TrainingStatus next = NextTrainingStatus(view);
  kube::Json json = api::WriteStatus(next);
  if (json == api::WriteStatus(training.status)) return base::Ok();
  const Subject subject{"VmafxModelTraining", training.key, training.uid};
  const auto checkpoint = CheckpointNews(training.status, next);
  if (checkpoint) events_.Normal(subject, "CheckpointWritten", *checkpoint, until);
  if (next.phase != training.status.phase) {
    log_.Info(
        "phase",
        {{"training", training.key.Text()}, {"phase", next.phase}, {"message", next.message}});
    if (next.phase == api::kFailed) events_.Warning(subject, "Failed", next.message, until);
  }
  kube::Object changed = object;
  changed.json()["status"] = std::move(json);
  auto stored = client_.UpdateStatus(changed, until);
  if (stored.Is(Code::kNotFound)) return base::Ok();  // its removal will be heard of
  // The next turn must not start from an older copy.
  return stores_.trainings.WaitForVersion(TRY(std::move(stored)).resource_version(), until);
}

}  // namespace vmafx::operators
