#include "vmafx/operator/testing/mortal.h"

namespace vmafx::operators::testing {
namespace {

base::Error Killed() {
  return {base::Code::kUnavailable, "the process was killed"};
}

}  // namespace

bool Life::Step() {
  return left_.With([](State& state) {
    if (state.left > 0) return state.left-- > 0;
    state.dead = true;
    return false;
  });
}

bool Life::dead() const {
  return left_.Read([](const State& state) { return state.dead; });
}

base::Result<> Life::AwaitDeath(const base::Until& until) {
  return left_.Await(until, [](const State& state) { return state.dead; });
}

base::Result<kube::Object> MortalClient::Get(const kube::Kind& kind, const kube::Key& key,
                                             const base::Until& until) {
  return inner_.Get(kind, key, until);
}

base::Result<kube::ObjectList> MortalClient::List(const kube::Kind& kind,
                                                  const kube::ListOptions& options,
                                                  const base::Until& until) {
  return inner_.List(kind, options, until);
}

base::Result<kube::Object> MortalClient::Create(const kube::Object& object,
                                                const base::Until& until) {
  if (!life_.Step()) return Killed();
  return inner_.Create(object, until);
}

base::Result<kube::Object> MortalClient::Update(const kube::Object& object,
                                                const base::Until& until) {
  if (!life_.Step()) return Killed();
  return inner_.Update(object, until);
}

base::Result<kube::Object> MortalClient::UpdateStatus(const kube::Object& object,
                                                      const base::Until& until) {
  if (!life_.Step()) return Killed();
  return inner_.UpdateStatus(object, until);
}

base::Result<kube::Object> MortalClient::MergePatch(const kube::Kind& kind, const kube::Key& key,
                                                    const kube::Json& patch,
                                                    const std::string& subresource,
                                                    const base::Until& until) {
  if (!life_.Step()) return Killed();
  return inner_.MergePatch(kind, key, patch, subresource, until);
}

base::Result<kube::Object> MortalClient::Apply(const kube::Object& object,
                                               const std::string& manager,
                                               const std::string& subresource,
                                               const base::Until& until) {
  if (!life_.Step()) return Killed();
  return inner_.Apply(object, manager, subresource, until);
}

base::Result<> MortalClient::Delete(const kube::Kind& kind, const kube::Key& key,
                                    const kube::DeleteOptions& options, const base::Until& until) {
  if (!life_.Step()) return Killed();
  return inner_.Delete(kind, key, options, until);
}

base::Result<> MortalClient::Watch(const kube::Kind& kind, const kube::WatchOptions& options,
                                   const std::function<bool(const kube::Change&)>& on_change,
                                   const base::Until& until) {
  return inner_.Watch(kind, options, on_change, until);
}

base::Result<kube::Resource> MortalClient::Discover(const kube::Kind& kind,
                                                    const base::Until& until) {
  return inner_.Discover(kind, until);
}

base::Result<std::string> MortalClient::Raw(const std::string& method, const std::string& path,
                                            const std::string& body, const base::Until& until) {
  if (method != "GET" && !life_.Step()) return Killed();
  return inner_.Raw(method, path, body, until);
}

base::Result<std::string> MortalController::Submit(const rpc::SubmitJobRequest& request,
                                                   const base::Until& until) {
  if (!life_.Step()) return Killed();
  return inner_.Submit(request, until);
}

base::Result<rpc::Job> MortalController::Get(const std::string& id, const base::Until& until) {
  return inner_.Get(id, until);
}

base::Result<> MortalController::Cancel(const std::string& id, const base::Until& until) {
  if (!life_.Step()) return Killed();
  return inner_.Cancel(id, until);
}

base::Result<rpc::Job> MortalController::Release(const rpc::ReleaseJobRequest& request,
                                                 const base::Until& until) {
  if (!life_.Step()) return Killed();
  return inner_.Release(request, until);
}

base::Result<rpc::ListNodesResponse> MortalController::ListNodes(const std::string& ns,
                                                                 const base::Until& until) {
  return inner_.ListNodes(ns, until);
}

base::Error MortalController::Follow(const std::function<void(const rpc::Job&)>& on_job,
                                     const base::Until& until) {
  return inner_.Follow(on_job, until);
}

}  // namespace vmafx::operators::testing
