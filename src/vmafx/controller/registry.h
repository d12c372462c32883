#pragma once

#include <map>
#include <string>
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

struct Session {
  std::string id;
  std::string token;
  std::string node;  // the worker's own name
  Capability capability;
  base::Instant last_seen;
  base::WallTime last_seen_at;
};

// The workers that registered, in memory: after a restart of the controller they register again.
// Thread-safe, never blocks.
class Registry {
 public:
  Registry(base::Clock& clock, base::Duration time_to_live)
      : clock_(clock), time_to_live_(time_to_live) {}

  // A new session with a random id and token (16 bytes each, as hex).
  Session Register(std::string node, Capability capability);

  // The session, marked as seen now. kDenied when the id is unknown or the token is not its own;
  // the message does not say which, and the comparison takes the same time wherever they differ.
  base::Result<Session> Check(const std::string& id, const std::string& token);

  // Forgets sessions that were not seen for the time to live; returns them.
  std::vector<Session> Evict();

  std::vector<Session> List() const;

 private:
  base::Clock& clock_;
  base::Duration time_to_live_;
  base::Guarded<std::map<std::string, Session>> sessions_;
};

}  // namespace vmafx::controller
