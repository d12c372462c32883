#include "vmafx/operator/staffing.h"

#include "vmafx/operator/job_request.h"
#include "vmafx/operator/job_status.h"
#include "vmafx/operator/trainer_addresses.h"

namespace vmafx::operators {
namespace {

// All worker Pods by the UID of their job.
std::map<std::string, std::vector<WorkerPod>> PodsByJob(const kube::Store& store) {
  std::map<std::string, std::vector<WorkerPod>> pods;
  for (const kube::ObjectPtr& object : store.List()) {
    WorkerPod pod = ReadWorkerPod(*object);
    pods[pod.owner_uid].push_back(std::move(pod));
  }
  return pods;
}

void Count(const kube::Key& job, const std::string& vmafx_node, Load& load) {
  if (vmafx_node.empty()) {
    ++load.without_node;
  } else {
    ++load.nodes[{job.ns, vmafx_node}];
  }
}

}  // namespace

Staffing::Staffing(kube::Client& client, Stores stores, base::Clock& clock, WorkerSettings settings,
                   std::function<void(const kube::Key&)> wake)
    : client_(client),
      stores_(stores),
      clock_(clock),
      settings_(std::move(settings)),
      wake_(std::move(wake)) {}

std::vector<WorkerPod> Staffing::PodsOf(const api::Job& job) const {
  std::vector<WorkerPod> pods;
  for (const kube::ObjectPtr& object : stores_.pods.List(job.key.ns)) {
    WorkerPod pod = ReadWorkerPod(*object);
    if (pod.owner_uid == job.uid) pods.push_back(std::move(pod));
  }
  return pods;
}

std::map<kube::Key, Grant> Staffing::Grants(const Reserved& reserved, const api::Job* also) const {
  const base::WallTime now = clock_.WallNow();
  const auto pods = PodsByJob(stores_.pods);
  const auto hindered = hindered_.Read([](const std::set<kube::Key>& keys) { return keys; });
  Load load;
  for (const auto& [uid, workers] : pods) {
    const WorkerPod* active = ActiveWorker(workers, now);
    if (active != nullptr) Count(active->key, active->vmafx_node, load);
  }
  std::vector<Waiting> waiting;
  for (const kube::ObjectPtr& object : stores_.jobs.List()) {
    auto job = api::ReadJob(*object);
    if (!job.ok() || job->deleting || job->status.Finished()) continue;
    auto workers = pods.find(job->uid);
    if (workers != pods.end() && ActiveWorker(workers->second, now) != nullptr) continue;
    const bool asking = also != nullptr && also->uid == job->uid;
    auto slot = reserved.find(job->key);
    if (slot != reserved.end() && !asking) {
      Count(job->key, slot->second.node, load);
      continue;
    }
    // Jobs that are not submitted yet, or whose Pod could not be made, must not hold a slot back
    // from others; they ask for themselves.
    if (!asking && (job->status.controller_job_id.empty() || hindered.count(job->key) > 0))
      continue;
    waiting.push_back({job->key, job->spec.priority, job->created_at, job->spec.backend,
                       FallsBackToCpu(job->spec)});
  }
  std::vector<Pool> pools;
  for (const kube::ObjectPtr& object : stores_.nodes.List()) pools.push_back(ReadPool(*object));
  return Assign(std::move(waiting), pools, std::move(load), settings_.max_concurrent);
}

base::Result<Grant> Staffing::Staff(const api::Job& job, int attempt,
                                    const std::string& controller_job_id,
                                    const base::Until& until) {
  const Grant grant = reservations_.Reserve(
      job.key, [&](const Reserved& reserved) { return Grants(reserved, &job)[job.key]; });
  if (!grant.granted) return grant;
  const WorkerOrder order{attempt, grant.slot, controller_job_id, TrainersOf(job, grant.slot)};
  auto created = CreateWorker(job, order, until);
  hindered_.With([&](std::set<kube::Key>& keys) {
    if (created.ok()) {
      keys.erase(job.key);
    } else {
      keys.insert(job.key);
    }
  });
  reservations_.Release(job.key);
  if (!created.ok()) {
    for (const kube::Key& key : Servable()) wake_(key);
    return std::move(created).error();
  }
  return grant;
}

std::vector<std::string> Staffing::TrainersOf(const api::Job& job, const Slot& slot) const {
  std::optional<std::map<std::string, std::string>> labels;
  const kube::ObjectPtr node =
      slot.node.empty() ? nullptr : stores_.nodes.Find({job.key.ns, slot.node});
  if (node != nullptr) labels = LabelsOf(*node);
  return TrainersFor(job.key.ns, labels, stores_.trainings.List(job.key.ns));
}

base::Result<> Staffing::CreateWorker(const api::Job& job, const WorkerOrder& order,
                                      const base::Until& until) {
  const kube::Object wanted = MakeWorkerPod(job, order, settings_);
  auto pod = client_.Create(wanted, until);
  if (pod.Is(base::Code::kExists)) {
    // From before a crash, or made while our copy was old.
    pod = client_.Get(kPodKind, wanted.key(), until);
    if (pod.ok() && ReadWorkerPod(*pod).owner_uid != job.uid) {
      return base::Fail(base::Code::kUnavailable,
                        "Pod {} exists and belongs to something else: it must be deleted first",
                        wanted.key().Text());
    }
  }
  if (!pod.ok()) return std::move(pod).error();
  // A slot is only given back once the copy counts the Pod.
  return stores_.pods.WaitForVersion(pod->resource_version(), until);
}

base::Result<> Staffing::DeleteRunning(const std::vector<WorkerPod>& pods,
                                       const base::Until& until) {
  for (const WorkerPod& pod : pods) {
    // One that no node has is gone at once, unless its deletion was broken off in the middle: then
    // no kubelet ends it, but a second deletion does.
    const bool ends_by_itself = !pod.deletes_at.empty() && !pod.kubernetes_node.empty();
    if (pod.ended || ends_by_itself) continue;
    kube::DeleteOptions options;
    options.uid = pod.uid;
    auto deleted = client_.Delete(kPodKind, pod.key, options, until);
    if (!deleted.ok() && !deleted.Is(base::Code::kNotFound) && !deleted.Is(base::Code::kConflict)) {
      return deleted;
    }
  }
  return base::Ok();
}

std::vector<kube::Key> Staffing::Servable() const {
  std::vector<kube::Key> keys;
  for (const auto& [key, grant] : Grants({}, nullptr)) {
    if (grant.granted) keys.push_back(key);
  }
  return keys;
}

}  // namespace vmafx::operators
