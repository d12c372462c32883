#pragma once

#include "base/crew.h"
#include "base/guarded.h"
#include "base/log.h"
#include "vmafx/node/session.h"
#include "vmafx/scoring/score.h"

namespace vmafx::node {

// Tells the controller how far the job is, on a thread of its own, so a slow or lost controller
// never slows scoring down. Only the newest progress is sent.
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
  void Loop(const base::Until& until);

  ControllerClient& client_;
  Session& session_;
  JobRef job_;
  base::Duration interval_;
  base::Log log_;
  base::Guarded<scoring::Progress> newest_;
  base::Crew crew_;
};

}  // namespace vmafx::node
