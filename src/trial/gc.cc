#include "trial/gc.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "kube/all_kinds.h"
#include "trial/cleaner.h"
#include "trial/steps/delete.h"

namespace trial {
namespace {

using base::Code;

const kube::Kind kNamespace{"", "v1", "Namespace"};
const kube::Kind kLease{"coordination.k8s.io", "v1", "Lease"};

// Custom objects first: whoever finalizes them may be among the others. Namespaces last.
int Rank(const kube::Object& object) {
  const kube::Kind kind = object.kind();
  if (kind == kNamespace) return 3;
  if (kind.kind == "CustomResourceDefinition") return 2;
  return IsBuiltInGroup(kind.group) ? 1 : 0;
}

base::Result<std::vector<kube::ObjectPtr>> LabelledObjects(kube::Client& client,
                                                           const std::vector<FoundRun>& runs,
                                                           const base::Until& until) {
  std::vector<kube::ObjectPtr> objects;
  std::set<std::string> own;
  for (const FoundRun& run : runs) own.insert(run.namespaces.begin(), run.namespaces.end());
  const auto kinds = TRY(kube::AllKinds(client, nullptr, until));
  for (const kube::Resource& resource : kinds) {
    if (!kube::Can(resource, "list") || !kube::Can(resource, "delete")) continue;
    for (const FoundRun& run : runs) {
      const auto list = client.List(resource.kind, {"", {{kRunLabel, run.id}}, ""}, until);
      if (list.Is(Code::kTimeout) || list.Is(Code::kCancelled)) return list.error();
      if (!list.ok()) continue;
      for (const kube::ObjectPtr& object : list->items) {
        const bool lease = resource.kind == kLease && object->name() == LeaseName(run.id);
        if (!lease && own.count(object->ns()) == 0) objects.push_back(object);
      }
    }
  }
  std::stable_sort(objects.begin(), objects.end(),
                   [](const auto& one, const auto& other) { return Rank(*one) < Rank(*other); });
  return objects;
}

// kube-controller-manager makes this account in every namespace: where the oldest one has none, no
// namespace ever gets empty.
bool NobodyEmptiesNamespaces(kube::Client& client, const base::Until& until) {
  return client.Get({"", "v1", "ServiceAccount"}, {"default", "default"}, until)
      .Is(Code::kNotFound);
}

std::string Staying(const kube::Object& object) {
  std::string text = object.Text() + " is still there";
  const kube::Json* finalizers = object.Find({"metadata", "finalizers"});
  if (finalizers != nullptr && !finalizers->empty())
    text += ": its finalizers are not removed: " + finalizers->dump();
  return text;
}

// Deletes objects and waits until they are gone.
class Remover {
 public:
  Remover(kube::Client& client, base::Log log, base::Clock& clock)
      : client_(client),
        announcer_({}, clock),
        stores_(client, WatchScope::kCluster, clock, std::move(log)) {}

  // `wait` false: it is known that nobody will let them go.
  base::Result<> Remove(const std::vector<kube::ObjectPtr>& objects, bool wait, Removed& removed,
                        const base::Until& until) {
    std::vector<Doomed> doomed;
    for (const kube::ObjectPtr& object : objects) {
      kube::DeleteOptions this_one;
      this_one.uid = object->uid();
      const auto deleted = client_.Delete(object->kind(), object->key(), this_one, until);
      if (deleted.Is(Code::kNotFound) || deleted.Is(Code::kConflict)) continue;
      if (!deleted.ok()) {
        removed.staying.push_back(deleted.error().message());
        continue;
      }
      ++(object->kind() == kNamespace ? removed.namespaces : removed.objects);
      doomed.push_back({object->kind(), object->key(), object->uid()});
    }
    if (!wait) return base::Ok();
    ChangeSignal signal(stores_, Story(announcer_, {}));
    const auto left = TRY(AwaitGone(client_, signal, doomed, until));
    for (const kube::Object& object : left) removed.staying.push_back(Staying(object));
    return base::Ok();
  }

 private:
  kube::Client& client_;
  Announcer announcer_;
  StorePool stores_;
};

}  // namespace

base::Result<std::vector<FoundRun>> FindRuns(kube::Client& client, const base::Until& until) {
  std::map<std::string, FoundRun> runs;
  const kube::ObjectList namespaces = TRY(client.List(kNamespace, {}, until));
  for (const kube::ObjectPtr& ns : namespaces.items)
    if (const std::string run = ns->Label(kRunLabel); !run.empty())
      runs[run].namespaces.push_back(ns->name());
  auto leases = client.List(kLease, {kLeaseNamespace, {}, ""}, until);
  if (!leases.ok() && !leases.Is(Code::kDenied)) return leases.error();
  if (!leases.ok()) leases = kube::ObjectList{};
  for (const kube::ObjectPtr& lease : leases->items) {
    const std::string run = lease->Label(kRunLabel);
    if (run.empty() || lease->name() != LeaseName(run)) continue;
    runs[run].has_lease = true;
    runs[run].state = StateOf(*lease, until.clock().WallNow());
  }
  std::vector<FoundRun> found;
  for (auto& [id, run] : runs) {
    run.id = id;
    found.push_back(std::move(run));
  }
  return found;
}

base::Result<Removed> RemoveRuns(kube::Client& client, const std::vector<FoundRun>& runs,
                                 base::Log log, const base::Until& until) {
  Removed removed;
  if (runs.empty()) return removed;
  const auto objects = TRY(LabelledObjects(client, runs, until));
  Remover remover(client, std::move(log), until.clock());
  constexpr int kNamespaceRank = 3;
  for (int rank = 0; rank <= kNamespaceRank; ++rank) {
    std::vector<kube::ObjectPtr> some;
    for (const kube::ObjectPtr& object : objects)
      if (Rank(*object) == rank) some.push_back(object);
    const bool no_use =
        rank == kNamespaceRank && !some.empty() && NobodyEmptiesNamespaces(client, until);
    TRY(remover.Remove(some, !no_use, removed, until));
  }
  if (!removed.staying.empty()) return removed;
  for (const FoundRun& run : runs) {
    if (!run.has_lease) continue;
    const auto deleted = client.Delete(kLease, {kLeaseNamespace, LeaseName(run.id)}, {}, until);
    if (!deleted.ok() && !deleted.Is(Code::kNotFound)) return deleted.error();
  }
  return removed;
}

}  // namespace trial
