#include "vmafx/operator/testing/training_world.h"

namespace vmafx::operators::testing {

using kube::Json;

TrainingWorld::TrainingWorld() {
  trainings_.emplace(*admin_, kube::StoreOptions{kTrainingKind, ns_, {}}, clock_,
                     base::Log::Nowhere());
  deployments_.emplace(*admin_, kube::StoreOptions{kDeploymentKind, ns_, {}}, clock_,
                       base::Log::Nowhere());
  trainings_options_.trainer.image = "vmafx-trainer:test";
  trainings_options_.trainer.instance = "vmafx";
  trainings_options_.follow.url = [this](const std::string& ip) {
    EXPECT_EQ(ip, "10.0.0.7");
    return trainer_.url();
  };
}

TrainingWorld::~TrainingWorld() {
  StopOperator();
  for (const kube::ObjectPtr& training : trainings_->List())
    Delete(kTrainingKind, training->name());
}

void TrainingWorld::CreateTraining(const std::string& name, const Json& changes) {
  Json json = Json::parse(R"({"apiVersion": "vmafx.dev/v1", "kind": "VmafxModelTraining",
      "spec": {"baseModel": "vmaf_v0.6.1", "algorithm": "online-sgd-ema",
               "checkpoint": {"interval": "10s", "minSamples": 1},
               "outputRegistry": "registry.films.svc:5000/models"}})");
  json["metadata"] = {{"name", name}, {"namespace", ns_}};
  json.merge_patch(changes);
  auto created = admin_->Create(kube::Object(json), Long());
  ASSERT_TRUE(created.ok()) << created.error().message();
}

void TrainingWorld::ChangeSpec(const std::string& name, const Json& spec) {
  auto patched = admin_->MergePatch(kTrainingKind, {ns_, name}, {{"spec", spec}}, "", Long());
  ASSERT_TRUE(patched.ok()) << patched.error().message();
}

void TrainingWorld::Delete(const kube::Kind& kind, const std::string& name) {
  auto deleted = admin_->Delete(kind, {ns_, name}, {}, Long());
  EXPECT_TRUE(deleted.ok() || deleted.Is(base::Code::kNotFound)) << deleted.error().message();
}

kube::Object TrainingWorld::AwaitIn(kube::Store& store, const std::string& name,
                                    const std::string& what,
                                    const std::function<bool(const kube::Object&)>& ready) {
  const kube::Key key{ns_, name};
  auto waited = store.WaitFor(
      [&](const kube::Store::Snapshot& snapshot) {
        auto found = snapshot.objects.find(key);
        return found != snapshot.objects.end() && ready(*found->second);
      },
      Long());
  const kube::ObjectPtr object = store.Find(key);
  EXPECT_TRUE(waited.ok()) << "waited for " << what << "; " << name << " is "
                           << (object == nullptr ? "not there" : object->json().dump(2));
  return object == nullptr ? kube::Object() : *object;
}

kube::Object TrainingWorld::Await(const std::string& name, const std::string& what,
                                  const std::function<bool(const kube::Object&)>& ready) {
  return AwaitIn(*trainings_, name, what, ready);
}

kube::Object TrainingWorld::AwaitTrainingPhase(const std::string& name, const std::string& phase) {
  return Await(name, phase, [&](const kube::Object& training) {
    return training.String({"status", "phase"}) == phase;
  });
}

kube::Object TrainingWorld::AwaitSamples(const std::string& name, int count) {
  return Await(name, fmt::format("{} samples", count), [&](const kube::Object& training) {
    const Json* found = training.Find({"status", "currentSamples"});
    return found != nullptr && *found == count;
  });
}

kube::Object TrainingWorld::AwaitDeployment(const std::string& name) {
  return AwaitIn(*deployments_, name, "the Deployment", [](const kube::Object&) { return true; });
}

std::string TrainingWorld::MakePod(const std::string& name) {
  const kube::Object deployment = AwaitDeployment(name);
  const auto pods = admin_->List(kPodKind, {.ns = ns_}, Long());
  EXPECT_TRUE(pods.ok()) << pods.error().message();
  const Json* wanted = deployment.Find({"spec", "template"});
  if (wanted == nullptr || !pods.ok()) return "";  // the test has failed by then
  for (const kube::ObjectPtr& old : pods->items) DeletePod(old->name());
  Json pod = *wanted;
  pod["apiVersion"] = "v1";
  pod["kind"] = "Pod";
  pod["metadata"]["name"] = fmt::format("{}-{}", name, ++pods_made_);
  pod["metadata"]["namespace"] = ns_;
  auto created = admin_->Create(kube::Object(pod), Long());
  EXPECT_TRUE(created.ok()) << created.error().message();
  auto patched =
      admin_->MergePatch(kDeploymentKind, {ns_, name},
                         {{"status",
                           {{"observedGeneration", *deployment.Find({"metadata", "generation"})},
                            {"replicas", 1},
                            {"updatedReplicas", 1}}}},
                         "status", Long());
  EXPECT_TRUE(patched.ok()) << patched.error().message();
  return pod["metadata"]["name"];
}

void TrainingWorld::RollOut(const std::string& name) {
  const std::string pod = MakePod(name);
  if (pod.empty()) return;
  SetPod(pod,
         Json::parse(R"({"phase": "Running", "podIP": "10.0.0.7", "podIPs": [{"ip": "10.0.0.7"}],
             "conditions": [{"type": "Ready", "status": "True"}],
             "containerStatuses": [{"name": "trainer", "image": "x", "imageID": "",
             "ready": true, "restartCount": 0,
             "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]})"));
}

void TrainingWorld::Run(const std::string& name) {
  RollOut("vmafx-trainer-" + name);
  AwaitTrainingPhase(name, "Running");
}

std::string TrainingWorld::Variable(const kube::Object& deployment, const std::string& name) {
  const Json* env = deployment.Find({"spec", "template", "spec", "containers", "0", "env"});
  for (const Json& each : env == nullptr ? Json::array() : *env) {
    if (each.at("name") == name) return each.at("value");
  }
  return "";
}

}  // namespace vmafx::operators::testing
