#include "vmafx/operator/node_registry.h"

#include <algorithm>

namespace vmafx::operators {
namespace {

using std::chrono::milliseconds;

// The latest word of each VmafxNode, whichever of its workers it came from.
std::map<kube::Key, Registered> LatestOf(const rpc::ListNodesResponse& response) {
  std::map<kube::Key, Registered> latest;
  for (const rpc::Node& node : response.nodes()) {
    if (node.vmafx_node().empty() || node.last_seen_ms() <= 0) continue;
    const base::WallTime seen{milliseconds(node.last_seen_ms())};
    Registered& known = latest[{node.namespace_(), node.vmafx_node()}];
    if (known.last_seen && *known.last_seen >= seen) continue;
    known.last_seen = seen;
    known.device = node.device();
  }
  return latest;
}

}  // namespace

NodeRegistry::NodeRegistry(ControllerClient& controller, base::Duration period, base::Clock& clock,
                           base::Log log, Listener listener)
    : controller_(controller),
      period_(period),
      clock_(clock),
      log_(std::move(log)),
      listener_(std::move(listener)) {}

void NodeRegistry::Start() {
  crew_.Start("nodes/registry", [this](std::stop_token stop) { Keep(std::move(stop)); });
}

void NodeRegistry::Stop() {
  crew_.StopAndJoin();
}

Registered NodeRegistry::Follow(const kube::Key& node) {
  return state_.With([&](State& state) {
    auto [found, is_new] = state.wanted.try_emplace(node);
    if (is_new) state.fresh = true;
    return found->second;
  });
}

void NodeRegistry::Forget(const kube::Key& node) {
  state_.With([&](State& state) { state.wanted.erase(node); });
}

void NodeRegistry::Keep(std::stop_token stop) {
  const base::Until forever(clock_, base::Instant::max(), std::move(stop));
  const auto anybody = [](const State& state) { return !state.wanted.empty(); };
  while (state_.Await(forever, anybody).ok() && !forever.Stopped()) {
    Ask(forever);
    // Its end without news is the period's end.
    static_cast<void>(
        state_.Await(forever.Within(period_), [](const State& state) { return state.fresh; }));
  }
}

void NodeRegistry::Ask(const base::Until& until) {
  state_.With([](State& state) { state.fresh = false; });
  const base::WallTime asked = clock_.WallNow();
  const auto response = controller_.ListNodes("", until);
  if (until.Stopped()) return;
  const auto latest = response.ok() ? LatestOf(*response) : std::map<kube::Key, Registered>();
  bool was_listening = false;
  std::vector<kube::Key> news;
  state_.With([&](State& state) {
    was_listening = state.listening_since.has_value();
    if (!response.ok()) {
      state.listening_since.reset();
    } else if (!was_listening) {
      state.listening_since = asked;
    }
    for (auto& [node, known] : state.wanted) {
      Registered now = known;
      now.listening_since = state.listening_since;
      auto found = latest.find(node);
      if (found != latest.end()) {
        now.last_seen = found->second.last_seen;
        now.device = found->second.device;
      }
      if (now == known) continue;
      known = std::move(now);
      news.push_back(node);
    }
  });
  if (!response.ok() && was_listening) {
    log_.Warn("node registry not readable, trying again", {{"why", response.error().message()}});
  } else if (response.ok() && !was_listening) {
    log_.Info("node registry readable");
  }
  for (const kube::Key& node : news) listener_(node);
}

}  // namespace vmafx::operators
