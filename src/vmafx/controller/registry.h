#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/result.h"

namespace vmafx::controller {

struct Capability {
  std::string gpu_vendor;
  std::vector<std::string> backends;  // empty: any
  int32_t concurrency = 0;
};

// What a worker says of itself, and what is known of it.
struct Worker {
  std::string name;
  std::string name_space;
  std::string vmafx_node;  // the VmafxNode whose slot it has, or ""
  std::string device;
  bool pool = false;  // takes unpinned jobs
  Capability capability;
  std::string owner;  // who registered it (Caller::Id); nobody else may use the session
  std::optional<std::string> confined_to;  // may have only pinned jobs of this namespace
};

struct Session {
  std::string id;
  std::string token;
  Worker worker;
  int32_t jobs_running = 0;  // as its last heartbeat said
  base::Instant last_seen;
  base::WallTime last_seen_at;
};

// What a call shows to be a session's.
struct SessionKey {
  std::string id;
  std::string token;
  std::string owner = {};
};

// A worker with a session, or a VmafxNode whose workers have none any more.
struct NodeView {
  Worker worker;
  int32_t jobs_running = 0;
  base::WallTime last_seen_at;
  bool live = false;
};

// The workers that registered, in memory: after a restart of the controller they register again.
// Thread-safe, never blocks.
class Registry {
 public:
  static constexpr size_t kMostSessions = 10'000;
  static constexpr size_t kMostNodes = 1'000;  // VmafxNodes that are remembered

  Registry(base::Clock& clock, base::Duration time_to_live)
      : clock_(clock), time_to_live_(time_to_live) {}

  // A new session with a random id and token (16 bytes each, as hex). kUnavailable: there are
  // kMostSessions.
  base::Result<Session> Register(Worker worker);

  // The session, marked as seen now. kDenied when the id is unknown, the token is not its own, or
  // another has registered it; the message does not say which, and the comparison takes the same
  // time wherever they differ.
  base::Result<Session> Check(const SessionKey& key);
  // Check, and keeps how many jobs it says to have.
  base::Result<Session> Beat(const SessionKey& key, int32_t jobs_running);

  // Forgets sessions that were not seen for the time to live; returns them.
  std::vector<Session> Evict();

  size_t Live() const;
  // Sessions that take unpinned jobs.
  size_t LivePool() const;
  // All sessions, by name, and of each VmafxNode without one the last time that one of its workers
  // was seen (of the kMostNodes that were seen last). Of one namespace, or of all ("").
  std::vector<NodeView> Nodes(const std::string& name_space) const;

 private:
  using NodeKey = std::pair<std::string, std::string>;  // namespace, VmafxNode
  struct State {
    std::map<std::string, Session> sessions;
    std::map<NodeKey, NodeView> seen;
  };
  base::Result<Session*> Find(State& state, const SessionKey& key) const;
  void MarkSeen(State& state, Session& session) const;

  base::Clock& clock_;
  base::Duration time_to_live_;
  base::Guarded<State> state_;
};

}  // namespace vmafx::controller
