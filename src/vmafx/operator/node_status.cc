#include "vmafx/operator/node_status.h"

#include <algorithm>

#include "base/parse_time.h"
#include "vmafx/api/names.h"

namespace vmafx::operators {
namespace {

// What the Ready condition is to say.
struct Verdict {
  bool healthy = false;
  std::string reason;
  std::string message;
};

bool HoldsASlot(const WorkerPod& pod, base::WallTime now) {
  if (pod.ended) return false;
  const auto end = base::ParseTime(pod.deletes_at);
  return !end || *end > now;
}

// Since when a worker runs without a break; nullopt when none runs.
std::optional<base::WallTime> RunningSince(const std::vector<WorkerPod>& pods, base::WallTime now) {
  std::optional<base::WallTime> since;
  for (const WorkerPod& pod : pods) {
    const auto started = base::ParseTime(pod.started_at);
    if (HoldsASlot(pod, now) && started) since = since ? std::min(*since, *started) : *started;
  }
  return since;
}

// The latest moment before which silence says nothing: a worker was heard, it had not begun, or
// nobody listened. nullopt: no worker runs, or nobody listens now.
std::optional<base::WallTime> SilentSince(const NodeView& view, const Registered& registered) {
  const auto running = RunningSince(view.pods, view.now);
  if (!running || !registered.listening_since) return std::nullopt;
  base::WallTime since = std::max(*running, *registered.listening_since);
  if (registered.last_seen) since = std::max(since, *registered.last_seen);
  return since;
}

std::optional<Verdict> Judge(const NodeView&, const RefusedUrl& refused) {
  return Verdict{false, "InvalidHealthzUrl",
                 fmt::format("annotation {}: {}", api::kHealthzUrlAnnotation, refused.why)};
}

std::optional<Verdict> Judge(const NodeView& view, const Probed& probed) {
  if (!probed.last) return std::nullopt;
  const std::string where = view.node.healthz_url;
  return Verdict{probed.last->healthy, probed.last->reason,
                 fmt::format("{}: {}", where, probed.last->message)};
}

std::optional<Verdict> Judge(const NodeView& view, const Registered& registered) {
  const auto running = RunningSince(view.pods, view.now);
  if (!running) return Verdict{true, "Idle", "no worker of it runs"};
  const auto silent = SilentSince(view, registered);
  if (silent && view.now - *silent >= kHeartbeatLimit) {
    return Verdict{false, "HeartbeatStale",
                   fmt::format("a worker runs, and the controller has not heard any for {} s",
                               kHeartbeatLimit / std::chrono::seconds(1))};
  }
  const bool heard = registered.last_seen && *registered.last_seen >= *running &&
                     view.now - *registered.last_seen < kHeartbeatLimit;
  if (heard) return Verdict{true, "HeartbeatReceived", "the controller hears its workers"};
  // Too early to tell, or nobody to ask: what was known of these workers stays.
  const api::Condition* known =
      api::FindCondition(view.node.status.conditions, api::kReadyCondition);
  if (known != nullptr && known->reason != "Idle") return std::nullopt;
  return Verdict{true, "AwaitingHeartbeat", "a worker runs that the controller has not heard yet"};
}

// What was heard, and of what device.
std::pair<std::optional<base::WallTime>, std::string> Heard(const RefusedUrl&) {
  return {};
}
std::pair<std::optional<base::WallTime>, std::string> Heard(const Probed& probed) {
  if (!probed.last || !probed.last->healthy) return {};
  return {probed.last->at, probed.last->device};
}
std::pair<std::optional<base::WallTime>, std::string> Heard(const Registered& registered) {
  return {registered.last_seen, registered.device};
}

}  // namespace

api::NodeStatus NextNodeStatus(const NodeView& view) {
  api::NodeStatus status = view.node.status;
  status.observed_generation = view.node.generation;
  status.assigned_jobs = std::count_if(view.pods.begin(), view.pods.end(),
                                       [&](const auto& pod) { return HoldsASlot(pod, view.now); });
  std::visit(
      [&](const auto& source) {
        const auto [at, device] = Heard(source);
        // Text of RFC 3339 in UTC sorts as the times do. It never goes back.
        if (at) status.last_heartbeat = std::max(status.last_heartbeat, base::FormatTime(*at));
        if (!device.empty()) status.detected_device = device;
        const auto verdict = Judge(view, source);
        if (!verdict) return;
        status.healthy = verdict->healthy;
        api::SetCondition(status.conditions,
                          {std::string(api::kReadyCondition), verdict->healthy ? "True" : "False",
                           verdict->reason, verdict->message, "", view.node.generation},
                          base::FormatTime(view.now));
      },
      view.source);
  return status;
}

std::optional<base::Duration> TimeToSilence(const NodeView& view) {
  const auto* registered = std::get_if<Registered>(&view.source);
  if (registered == nullptr) return std::nullopt;
  const auto silent = SilentSince(view, *registered);
  if (!silent || view.now - *silent >= kHeartbeatLimit) return std::nullopt;
  return *silent + kHeartbeatLimit - view.now;
}

}  // namespace vmafx::operators
