#include "trial/steps/apply.h"

#include <algorithm>

#include <fmt/format.h>

namespace trial {
namespace {

using base::Code;
using kube::Object;

constexpr base::Duration kFirstPause = std::chrono::milliseconds(20);
constexpr base::Duration kLongestPause = std::chrono::seconds(1);

const kube::Kind kCrd{"apiextensions.k8s.io", "v1", "CustomResourceDefinition"};

struct Stored {
  Object object;
  bool created = false;
};

// Is there a CRD for `kind` that is only not served yet? Without rights to look: no.
bool IsComing(kube::Client& client, const kube::Kind& kind, const base::Until& until) {
  const auto crds = client.List(kCrd, {}, until);
  if (!crds.ok()) return false;
  return std::any_of(crds->items.begin(), crds->items.end(), [&](const kube::ObjectPtr& crd) {
    return crd->String({"spec", "group"}) == kind.group &&
           crd->String({"spec", "names", "kind"}) == kind.kind;
  });
}

// May the same request succeed in a moment?
bool IsPassing(const base::Error& error) {
  switch (error.code()) {
    case Code::kConflict:
    case Code::kExists:
    case Code::kUnavailable:
      return true;
    case Code::kDenied:
      // A new namespace has no default service account for some milliseconds, and a Pod needs one.
      return error.message().find("serviceaccount \"") != std::string::npos &&
             error.message().find("not found") != std::string::npos;
    default:
      return false;
  }
}

base::Result<Stored> Patch(kube::Client& client, const Object& object, const Object& present,
                           const base::Until& until) {
  kube::Json body = object.json();
  body["metadata"]["resourceVersion"] = present.resource_version();
  Object stored = TRY(client.MergePatch(object.kind(), object.key(), body, "", until));
  return Stored{std::move(stored), false};
}

// The run's id on what it makes. What `seatrial gc` has to look for one by one gets it as a label;
// what goes with the run's own namespace, and what stays on purpose, as an annotation.
Object Marked(Object object, const StepContext& context) {
  if (context.run.empty()) return object;
  const bool inside = context.stays || (context.own_namespace && object.ns() == context.ns);
  kube::Json& metadata = object.json()["metadata"];
  if (!metadata.is_null() && !metadata.is_object()) return object;
  kube::Json& marks = metadata[inside ? "annotations" : "labels"];
  // Whatever else stands there is the API server's to refuse.
  if (marks.is_null() || marks.is_object()) marks[kRunLabel] = context.run;
  return object;
}

base::Result<Stored> Post(const StepContext& context, const Object& object,
                          const base::Until& until) {
  Object stored = TRY(context.client.Create(Marked(object, context), Shielded(until)));
  return Stored{std::move(stored), true};
}

// One try: look, then create or patch; or create first and look only when that is refused.
base::Result<Stored> Put(const StepContext& context, const Object& object, bool create_first,
                         const base::Until& until) {
  kube::Client& client = context.client;
  if (object.name().empty()) return Post(context, object, until);  // generateName
  std::optional<base::Error> refused;
  if (create_first) {
    auto posted = Post(context, object, until);
    if (posted.ok()) return posted;
    if (IsPassing(posted.error()) && !posted.Is(Code::kExists)) return posted;
    // It may be there, and what was refused may be good as a change of it.
    refused = posted.error();
  }
  const auto present = client.Get(object.kind(), object.key(), until);
  if (present.ok()) return Patch(client, object, *present, until);
  if (!present.Is(Code::kNotFound)) return present.error();
  if (refused && !IsPassing(*refused)) return *refused;
  return Post(context, object, until);
}

base::Result<Stored> PutPatiently(const StepContext& context, Manifest& manifest,
                                  AppliedObjects& applied, const base::Until& until) {
  Object& object = manifest.object;
  base::Duration pause = kFirstPause;
  std::optional<base::Error> reason;  // of the last try that was answered
  for (int attempt = 1;; ++attempt) {
    const auto resource = context.client.Discover(object.kind(), until);
    base::Result<Stored> stored = base::Error(Code::kInternal, "");
    bool again = false;
    if (resource.ok()) {
      if (resource->namespaced && object.ns().empty())
        object.json()["metadata"]["namespace"] = context.ns;
      const bool first = applied.touched.emplace(object.kind(), object.key()).second;
      const bool create_first = first && resource->namespaced && object.ns() == context.ns;
      stored = Put(context, object, create_first, until);
      again = !stored.ok() && IsPassing(stored.error());
    } else {
      stored = resource.error();
      again = resource.Is(Code::kUnavailable) ||
              (resource.Is(Code::kNotFound) && IsComing(context.client, object.kind(), until));
    }
    if (stored.Is(Code::kTimeout) && reason)
      return std::move(*reason).During(fmt::format("{} tries, the last answer", attempt - 1));
    if (stored.ok() || !again) return stored;
    reason = stored.error();
    if (attempt == 1 && !stored.Is(Code::kExists) && !stored.Is(Code::kConflict))
      context.story.Line(fmt::format("trying again: {}", stored.error().message()));
    if (!until.Pause(pause)) return stored;
    pause = std::min(pause * 2, kLongestPause);
  }
}

// Whether somebody may be needed who lives in the namespace. Kubernetes' own finalizers are not of
// that kind, and a claim's (kubernetes.io/pvc-protection) waits for the very Pods that go with it.
bool HasForeignFinalizers(const Object& object) {
  const kube::Json* finalizers = object.Find({"metadata", "finalizers"});
  if (finalizers == nullptr) return false;
  return std::any_of(finalizers->begin(), finalizers->end(), [](const kube::Json& finalizer) {
    return !finalizer.is_string() ||
           !finalizer.get_ref<const std::string&>().starts_with("kubernetes.io/");
  });
}

void Remember(const Object& object, AppliedObjects& applied) {
  applied.created.push_back({object.kind(), object.key(), object.uid(),
                             !IsBuiltInGroup(object.kind().group), HasForeignFinalizers(object)});
}

}  // namespace

bool IsBuiltInGroup(const std::string& group) {
  // Groups without a dot are Kubernetes' own; so are those of k8s.io, but not x-k8s.io's.
  return group.find('.') == std::string::npos || group.ends_with(".k8s.io");
}

Outcome Apply(const StepContext& context, const std::vector<Manifest>& manifests,
              AppliedObjects& applied, const base::Until& until) {
  Outcome outcome;
  for (Manifest manifest : manifests) {
    if (until.Stopped()) break;
    const auto stored = PutPatiently(context, manifest, applied, until.Within(context.timeout));
    const std::string kind = manifest.object.kind().kind;
    if (stored.ok()) {
      if (stored->created) Remember(stored->object, applied);
      context.story.Line(fmt::format("{}:{} {}", kind, stored->object.key().Text(),
                                     stored->created ? "created" : "updated"));
      continue;
    }
    outcome.Add(VerdictOf(stored.error()),
                FailureAt(manifest.At(),
                          fmt::format("applying {} {}: {}", kind, manifest.object.key().Text(),
                                      stored.error().message())));
  }
  return outcome;
}

}  // namespace trial
