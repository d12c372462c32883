#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/crew.h"
#include "base/guarded.h"
#include "base/log.h"
#include "ctrl/manager.h"
#include "kube/object.h"
#include "vmafx/operator/controller_client.h"

namespace vmafx::operators {

// A live copy of the controller's jobs that came from VmafxJobs, kept by one followed stream on a
// thread of its own, which reconnects with back-off (100 ms doubling to 0.5 s). While the stream is
// down the copy is empty; when it is back, every job is told again. Thread-safe.
class JobBoard final : public ctrl::Part {
 public:
  // Told of each job that is new or changed, on the stream's thread; must not block.
  using Listener = std::function<void(const kube::Key&)>;

  // `client` and `clock` must outlive it.
  JobBoard(ControllerClient& client, base::Clock& clock, base::Log log, Listener listener);
  ~JobBoard() override { Stop(); }

  // Does not wait for the controller, nor is the operator unready without it: what needs it is
  // retried, and says so in the job's status.
  base::Result<> Start(const base::Until& until) override;
  void Stop() override;

  // The job submitted for the VmafxJob with this UID.
  std::optional<rpc::Job> Find(const std::string& uid) const;
  // Drops the jobs of a VmafxJob whose end is written, or that is gone: it bounds memory.
  void Forget(const kube::Key& key);
  // How many it holds.
  size_t size() const {
    return state_.Read([](const State& state) { return state.jobs.size(); });
  }

 private:
  struct State {
    std::map<std::string, rpc::Job> jobs;  // by UID of the VmafxJob
    bool down = false;                     // said, and not up since
  };

  void Keep(std::stop_token stop);
  void Take(const rpc::Job& job);

  ControllerClient& client_;
  base::Clock& clock_;
  base::Log log_;
  Listener listener_;
  base::Guarded<State> state_;
  base::Crew crew_;
};

}  // namespace vmafx::operators
