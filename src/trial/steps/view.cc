#include "trial/steps/view.h"

namespace trial {
namespace {

using base::Code;
using kube::ObjectPtr;

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
  if (store.Is(Code::kNotFound)) return Watched{{}, false, false};
  const bool denied = store.Is(Code::kDenied);
  if (!store.ok() && !denied) return store.error();
  if (denied) context.stores.TellDenied(condition.kind, store.error(), context.story);
  if (denied || !(*store)->health().current())
    return Watched{TRY(ReadFresh(context.client, condition, until)), false, denied};
  if (condition.name.empty()) return Watched{(*store)->List(condition.ns, condition.labels)};
  ObjectPtr object = (*store)->Find({condition.ns, condition.name});
  if (!object) return Watched{};
  return Watched{{std::move(object)}};
}

}  // namespace trial
