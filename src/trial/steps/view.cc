#include "trial/steps/view.h"

namespace trial {
namespace {

using base::Code;
using kube::ObjectPtr;

const kube::Kind kEvent{"", "v1", "Event"};

std::vector<ObjectPtr> ReadKind(const StepContext& context, const kube::Kind& kind,
                                Freshness freshness, const base::Until& until) {
  if (freshness == Freshness::kWatched) {
    const auto store = context.stores.Open(kind, context.ns, until);
    if (store.ok()) return (*store)->List(context.ns);
    return {};
  }
  auto list = context.client.List(kind, {context.ns, {}, ""}, until);
  return list.ok() ? std::move(list->items) : std::vector<ObjectPtr>{};
}

}  // namespace

base::Result<> Resolve(kube::Client& client, const std::string& test_ns, Wanted& wanted,
                       const base::Until& until) {
  if (wanted.condition) return base::Ok();
  const auto resource = client.Discover(wanted.manifest.object.kind(), until);
  if (resource.Is(Code::kNotFound)) return base::Ok();
  if (!resource.ok()) return resource.error();
  const std::string& ns = wanted.ns.empty() ? test_ns : wanted.ns;
  wanted.condition = wanted.demand
                         ? MakeCondition(wanted.demand, resource->namespaced, ns)
                         : MakeCondition(wanted.want, wanted.manifest, resource->namespaced, ns);
  return base::Ok();
}

base::Result<std::vector<ObjectPtr>> ReadFresh(kube::Client& client, const Condition& condition,
                                               const base::Until& until) {
  if (condition.name.empty()) {
    auto list = TRY(client.List(condition.kind, {condition.ns, condition.labels, ""}, until));
    return std::move(list.items);
  }
  auto object = client.Get(condition.kind, {condition.ns, condition.name}, until);
  if (object.Is(Code::kNotFound)) return std::vector<ObjectPtr>{};
  if (!object.ok()) return object.error();
  return std::vector<ObjectPtr>{std::make_shared<const kube::Object>(*std::move(object))};
}

base::Result<Watched> ReadWatched(const StepContext& context, const Condition& condition,
                                  const base::Until& until) {
  const auto store = context.stores.Open(condition.kind, condition.ns, until);
  if (store.Is(Code::kNotFound)) return Watched{{}, false};
  if (!store.ok() && !store.Is(Code::kDenied)) return store.error();
  bool current = false;
  if (store.ok()) {
    // True at once: only to look at the snapshot without copying it.
    const auto look = [&](const kube::Store::Snapshot& now) {
      current = now.last_error.empty();
      return true;
    };
    (void)(*store)->WaitFor(look, until);
  }
  if (!current) return Watched{TRY(ReadFresh(context.client, condition, until)), false};
  if (condition.name.empty()) return Watched{(*store)->List(condition.ns, condition.labels), true};
  ObjectPtr object = (*store)->Find({condition.ns, condition.name});
  if (!object) return Watched{};
  return Watched{{std::move(object)}, true};
}

World ReadWorld(const StepContext& context, Freshness freshness, const base::Until& until) {
  World world;
  for (const kube::Kind& kind : DiagnosedKinds())
    for (ObjectPtr& object : ReadKind(context, kind, freshness, until))
      world.objects.push_back(std::move(object));
  world.events = ReadKind(context, kEvent, freshness, until);
  return world;
}

}  // namespace trial
