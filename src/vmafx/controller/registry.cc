#include "vmafx/controller/registry.h"

#include <algorithm>
#include <set>

#include "net/certificates.h"

namespace vmafx::controller {

using base::Result;

namespace {

constexpr size_t kTokenBytes = 16;

// Looks at every byte whatever the first ones are, so that the time says nothing about the token.
bool SameToken(const std::string& a, const std::string& b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
  }
  return difference == 0;
}

}  // namespace

void Registry::MarkSeen(State& state, Session& session) const {
  session.last_seen = clock_.Now();
  session.last_seen_at = clock_.WallNow();
  const Worker& worker = session.worker;
  if (worker.vmafx_node.empty()) return;
  const NodeKey key(worker.name_space, worker.vmafx_node);
  if (state.seen.size() >= kMostNodes && !state.seen.contains(key)) {
    state.seen.erase(std::ranges::min_element(
        state.seen, {}, [](const auto& entry) { return entry.second.last_seen_at; }));
  }
  NodeView& view = state.seen[key];
  view.worker = worker;
  view.last_seen_at = session.last_seen_at;
}

Result<Session> Registry::Register(Worker worker) {
  Session session{.id = net::RandomHex(kTokenBytes),
                  .token = net::RandomHex(kTokenBytes),
                  .worker = std::move(worker),
                  .last_seen = {},
                  .last_seen_at = {}};
  return state_.With([&](State& state) -> Result<Session> {
    if (state.sessions.size() >= kMostSessions) {
      return base::Fail(base::Code::kUnavailable, "{} workers are registered, no more are taken",
                        kMostSessions);
    }
    MarkSeen(state, session);
    state.sessions[session.id] = session;
    return session;
  });
}

Result<Session*> Registry::Find(State& state, const SessionKey& key) const {
  auto found = state.sessions.find(key.id);
  if (found == state.sessions.end() || !SameToken(found->second.token, key.token) ||
      found->second.worker.owner != key.owner) {
    return base::Error(base::Code::kDenied, "no such session, or a wrong token: register again");
  }
  return &found->second;
}

Result<Session> Registry::Check(const SessionKey& key) {
  return state_.With([&](State& state) -> Result<Session> {
    Session* session = TRY(Find(state, key));
    MarkSeen(state, *session);
    return *session;
  });
}

Result<Session> Registry::Beat(const SessionKey& key, int32_t jobs_running) {
  return state_.With([&](State& state) -> Result<Session> {
    Session* session = TRY(Find(state, key));
    MarkSeen(state, *session);
    session->jobs_running = jobs_running;
    return *session;
  });
}

std::vector<Session> Registry::Evict() {
  return state_.With([&](State& state) {
    std::vector<Session> evicted;
    for (auto at = state.sessions.begin(); at != state.sessions.end();) {
      if (at->second.last_seen + time_to_live_ > clock_.Now()) {
        ++at;
        continue;
      }
      evicted.push_back(std::move(at->second));
      at = state.sessions.erase(at);
    }
    return evicted;
  });
}

size_t Registry::Live() const {
  return state_.Read([](const State& state) { return state.sessions.size(); });
}

size_t Registry::LivePool() const {
  return state_.Read([](const State& state) {
    return static_cast<size_t>(std::ranges::count_if(
        state.sessions, [](const auto& entry) { return entry.second.worker.pool; }));
  });
}

std::vector<NodeView> Registry::Nodes(const std::string& name_space) const {
  const auto wanted = [&](const Worker& worker) {
    return name_space.empty() || worker.name_space == name_space;
  };
  return state_.Read([&](const State& state) {
    std::vector<NodeView> nodes;
    std::set<NodeKey> live;
    for (const auto& [id, session] : state.sessions) {
      live.emplace(session.worker.name_space, session.worker.vmafx_node);
      if (!wanted(session.worker)) continue;
      nodes.push_back({.worker = session.worker,
                       .jobs_running = session.jobs_running,
                       .last_seen_at = session.last_seen_at,
                       .live = true});
    }
    for (const auto& [key, view] : state.seen) {
      if (!live.contains(key) && wanted(view.worker)) nodes.push_back(view);
    }
    std::ranges::sort(nodes, {}, [](const NodeView& node) {
      return std::tie(node.worker.name_space, node.worker.vmafx_node, node.worker.name);
    });
    return nodes;
  });
}

}  // namespace vmafx::controller
