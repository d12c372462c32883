#include "vmafx/operator/job_board.h"

#include <algorithm>

namespace vmafx::operators {

using std::chrono::milliseconds;

JobBoard::JobBoard(ControllerClient& client, base::Clock& clock, base::Log log, Listener listener)
    : client_(client), clock_(clock), log_(std::move(log)), listener_(std::move(listener)) {}

base::Result<> JobBoard::Start(const base::Until&) {
  crew_.Start("stream/jobs", [this](std::stop_token stop) { Keep(std::move(stop)); });
  return base::Ok();
}

void JobBoard::Stop() {
  crew_.StopAndJoin();
}

std::optional<rpc::Job> JobBoard::Find(const std::string& uid) const {
  return state_.Read([&](const State& state) -> std::optional<rpc::Job> {
    auto found = state.jobs.find(uid);
    if (found == state.jobs.end()) return std::nullopt;
    return found->second;
  });
}

void JobBoard::Forget(const kube::Key& key) {
  state_.With([&](State& state) {
    for (auto it = state.jobs.begin(); it != state.jobs.end();) {
      const bool same = it->second.namespace_() == key.ns && it->second.name() == key.name;
      it = same ? state.jobs.erase(it) : std::next(it);
    }
  });
}

void JobBoard::Keep(std::stop_token stop) {
  const base::Until forever(clock_, base::Instant::max(), stop);
  base::Duration delay = milliseconds(100);
  while (!forever.Stopped()) {
    const base::Error ended = client_.Follow(
        [&](const rpc::Job& job) {
          delay = milliseconds(100);
          Take(job);
        },
        forever);
    if (forever.Stopped()) return;
    const bool news = state_.With([&](State& state) {
      state.jobs.clear();  // rather none than old ones: who needs one asks the controller
      return !std::exchange(state.down, true);
    });
    if (news) {
      log_.Warn("job stream down, trying again until it is up", {{"why", ended.message()}});
    } else {
      log_.Debug("job stream still down", {{"why", ended.message()}});
    }
    forever.Pause(delay);
    delay = std::min<base::Duration>(delay * 2, milliseconds(500));
  }
}

void JobBoard::Take(const rpc::Job& job) {
  // Jobs that clients submit to the controller directly are no VmafxJob's.
  const bool ours = job.pinned() && !job.idempotency_key().empty() && !job.name().empty();
  bool back = false;
  const bool newer = state_.With([&](State& state) {
    back = std::exchange(state.down, false);
    if (!ours) return false;
    rpc::Job& known = state.jobs[job.idempotency_key()];
    if (known.id() == job.id() && known.revision() >= job.revision()) return false;
    known = job;
    return true;
  });
  if (back) log_.Info("job stream up again");
  if (newer) listener_({job.namespace_(), job.name()});
}

}  // namespace vmafx::operators
