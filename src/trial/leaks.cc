#include "trial/leaks.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "kube/all_kinds.h"
#include "trial/cleaner.h"

namespace trial {
namespace {

using base::Code;

// What Kubernetes itself makes and removes, now and then.
bool ComesAndGoes(const kube::Kind& kind) {
  static constexpr std::array<const char*, 14> kKinds = {"Event",
                                                         "Lease",
                                                         "ComponentStatus",
                                                         "Node",
                                                         "CSINode",
                                                         "IPAddress",
                                                         "APIService",
                                                         "Endpoints",
                                                         "NodeMetrics",
                                                         "PodMetrics",
                                                         "CertificateSigningRequest",
                                                         "VolumeAttachment",
                                                         "StorageVersion",
                                                         "ResourceSlice"};
  return std::find(kKinds.begin(), kKinds.end(), kind.kind) != kKinds.end();
}

bool IsNamespace(const kube::Object& object) {
  return object.kind() == kube::Kind{"", "v1", "Namespace"};
}

std::string Maker(const kube::Object& object) {
  const kube::Json* managers = object.Find({"metadata", "managedFields"});
  if (managers == nullptr || !managers->is_array() || managers->empty()) return "";
  const std::string manager = value::FindString(managers->front(), {"manager"});
  return manager.empty() ? "" : " by " + manager;
}

std::string TestsAt(const std::string& time, const std::vector<RanAt>& tests) {
  std::vector<std::string> running;
  for (const RanAt& test : tests)
    if (test.from <= time && time <= test.to) running.push_back(test.test);
  if (running.empty()) return "";
  return fmt::format(" while {} ran", base::Join(running, ", "));
}

}  // namespace

base::Result<ClusterContent> ReadContent(kube::Client& client, const base::Until& until) {
  ClusterContent content;
  const auto kinds = TRY(kube::AllKinds(client, &content.unseen, until));
  for (const kube::Resource& resource : kinds) {
    if (!kube::Can(resource, "list") || !kube::Can(resource, "delete")) continue;
    if (ComesAndGoes(resource.kind)) continue;
    const auto list = client.List(resource.kind, {}, until);
    // A CRD that goes away meanwhile has no objects.
    if (list.Is(Code::kNotFound)) continue;
    if (list.Is(Code::kDenied)) {
      content.unseen.push_back(resource.plural);
      continue;
    }
    if (!list.ok()) return list.error();
    for (const kube::ObjectPtr& object : list->items)
      if (object->owners().empty()) content.objects[object->uid()] = object;
  }
  return content;
}

std::vector<Failure> Leaks(const ClusterContent& before, const ClusterContent& after,
                           const std::string& run, const std::set<std::string>& namespaces,
                           const std::vector<RanAt>& tests) {
  std::set<std::string> new_namespaces = namespaces;
  for (const auto& [uid, object] : after.objects)
    if (IsNamespace(*object) && before.objects.count(uid) == 0)
      new_namespaces.insert(object->name());
  std::vector<Failure> leaks;
  for (const auto& [uid, object] : after.objects) {
    if (before.objects.count(uid) != 0 || new_namespaces.count(object->ns()) != 0) continue;
    if (IsNamespace(*object) && namespaces.count(object->name()) != 0) continue;
    const std::string label = object->Label(kRunLabel);
    if (!label.empty() && label != run) continue;
    const std::string made = object->String({"metadata", "creationTimestamp"});
    Failure failure;
    failure.message =
        fmt::format("{} was left behind: made at {}{}{}{}", object->Text(), made, Maker(*object),
                    TestsAt(made, tests), object->deleting() ? "; it is being deleted" : "");
    leaks.push_back(std::move(failure));
  }
  std::sort(leaks.begin(), leaks.end(),
            [](const Failure& one, const Failure& other) { return one.message < other.message; });
  return leaks;
}

}  // namespace trial
