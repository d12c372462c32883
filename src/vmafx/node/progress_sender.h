#pragma once

#include <vector>

#include "base/crew.h"
#include "base/guarded.h"
#include "base/log.h"
#include "vmafx/node/session.h"
#include "vmafx/scoring/score.h"

namespace vmafx::node {

// Tells the controller how far the job is and the scores of the frames that are known, on a thread
// of its own, so a slow or lost controller never slows scoring down. What the controller has lost
// (a restart) is sent again.
class ProgressSender {
 public:
  // At most one call each `interval`. `client` and `session` must outlive it.
  ProgressSender(ControllerClient& client, Session& session, JobRef job, base::Duration interval,
                 base::Clock& clock, base::Log log);
  // Drops what waits and cancels the call under way.
  ~ProgressSender() = default;

  // Never blocks.
  void Tell(const scoring::Progress& progress);

 private:
  struct State {
    uint64_t done = 0;
    uint64_t total = 0;
    std::vector<double> scores;
  };

  void Loop(const base::Until& until);

  ControllerClient& client_;
  Session& session_;
  JobRef job_;
  base::Duration interval_;
  base::Log log_;
  base::Guarded<State> state_;
  base::Crew crew_;
};

}  // namespace vmafx::node
