#pragma once

#include "base/guarded.h"
#include "kube/client.h"
#include "vmafx/operator/controller_client.h"

namespace vmafx::operators::testing {

// How many steps that change the world a process may still make before it is killed. Thread-safe.
class Life {
 public:
  explicit Life(int steps) : left_(steps) {}

  // False once it is dead: the step must not be made.
  bool Step();
  bool dead() const;
  // Waits until a step was refused.
  base::Result<> AwaitDeath(const base::Until& until);

 private:
  struct State {
    explicit State(int steps) : left(steps) {}
    int left;
    bool dead = false;
  };
  base::Guarded<State> left_;
};

// Connections of a process with a limited life. After its last step no write of it reaches the
// world any more, as after kill -9; what it still reads harms nobody. `inner` must outlive it.
class MortalClient final : public kube::Client {
 public:
  MortalClient(kube::Client& inner, Life& life) : inner_(inner), life_(life) {}

  base::Result<kube::Object> Get(const kube::Kind& kind, const kube::Key& key,
                                 const base::Until& until) override;
  base::Result<kube::ObjectList> List(const kube::Kind& kind, const kube::ListOptions& options,
                                      const base::Until& until) override;
  base::Result<kube::Object> Create(const kube::Object& object, const base::Until& until) override;
  base::Result<kube::Object> Update(const kube::Object& object, const base::Until& until) override;
  base::Result<kube::Object> UpdateStatus(const kube::Object& object,
                                          const base::Until& until) override;
  base::Result<kube::Object> MergePatch(const kube::Kind& kind, const kube::Key& key,
                                        const kube::Json& patch, const std::string& subresource,
                                        const base::Until& until) override;
  base::Result<kube::Object> Apply(const kube::Object& object, const std::string& manager,
                                   const std::string& subresource,
                                   const base::Until& until) override;
  base::Result<> Delete(const kube::Kind& kind, const kube::Key& key,
                        const kube::DeleteOptions& options, const base::Until& until) override;
  base::Result<> Watch(const kube::Kind& kind, const kube::WatchOptions& options,
                       const std::function<bool(const kube::Change&)>& on_change,
                       const base::Until& until) override;
  base::Result<kube::Resource> Discover(const kube::Kind& kind, const base::Until& until) override;
  base::Result<std::string> Raw(const std::string& method, const std::string& path,
                                const std::string& body, const base::Until& until) override;
  const kube::ClusterAccess& access() const override { return inner_.access(); }

 private:
  kube::Client& inner_;
  Life& life_;
};

class MortalController final : public ControllerClient {
 public:
  MortalController(ControllerClient& inner, Life& life) : inner_(inner), life_(life) {}

  base::Result<std::string> Submit(const rpc::SubmitJobRequest& request,
                                   const base::Until& until) override;
  base::Result<rpc::Job> Get(const std::string& id, const base::Until& until) override;
  base::Result<> Cancel(const std::string& id, const base::Until& until) override;
  base::Result<rpc::Job> Release(const rpc::ReleaseJobRequest& request,
                                 const base::Until& until) override;
  base::Result<rpc::ListNodesResponse> ListNodes(const std::string& ns,
                                                 const base::Until& until) override;
  base::Error Follow(const std::function<void(const rpc::Job&)>& on_job,
                     const base::Until& until) override;

 private:
  ControllerClient& inner_;
  Life& life_;
};

}  // namespace vmafx::operators::testing
