#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/crew.h"
#include "base/guarded.h"
#include "base/log.h"
#include "vmafx/node/assignment.h"
#include "vmafx/node/controller_client.h"

namespace vmafx::node {

struct SessionOptions {
  Identity identity;
  base::Duration heartbeat_interval = std::chrono::seconds(10);
  base::Duration silence_limit = std::chrono::seconds(60);  // without an accepted heartbeat
  base::Duration first_backoff = std::chrono::milliseconds(500);
  base::Duration most_backoff = std::chrono::seconds(30);
};

// This worker's standing with the controller: registered, and kept alive by a heartbeat thread that
// registers again when the controller has forgotten it (restarted) or was silent for too long.
// Thread-safe.
class Session {
 public:
  // `client` must outlive it.
  Session(ControllerClient& client, SessionOptions options, base::Clock& clock, base::Log log);

  // Registers, again and again with growing waits until it works or `until` is over (the error says
  // how the last attempt failed); then starts beating. Once.
  base::Result<> Open(const base::Until& until);

  Credentials credentials() const;

  // For a caller whose call with `stale` was denied: registers once more, unless that has happened
  // since, or is happening now: then waits for that.
  base::Result<Credentials> Renew(const Credentials& stale, const base::Until& until);

  // Heartbeats carry `job` from now on, and stop `cancelled` when the controller does not want it
  // (any more). Of several attempts of a job, all but the newest are stopped at once. At most 64
  // jobs.
  void StartJob(const JobRef& job, std::stop_source cancelled);
  void EndJob(const JobRef& job);
  size_t jobs() const;

  // When the controller last accepted a registration or a heartbeat; nullopt: not yet.
  std::optional<base::Instant> last_heard() const;

 private:
  struct State {
    Credentials credentials;
    bool registering = false;
    std::optional<base::Instant> last_heard;
    std::map<JobRef, std::stop_source> jobs;
  };

  base::Result<Credentials> Register(const base::Until& until);
  void BeatLoop(std::stop_token stop);
  void BeatOnce(const base::Until& until);
  void Cancel(const std::string& id, const std::map<JobRef, std::stop_source>& told);

  ControllerClient& client_;
  SessionOptions options_;
  base::Clock& clock_;
  base::Log log_;
  base::Guarded<State> state_;
  base::Crew crew_;
};

}  // namespace vmafx::node
