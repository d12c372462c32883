#pragma once

#include <functional>
#include <string>

#include "base/crew.h"
#include "base/guarded.h"
#include "base/log.h"
#include "ctrl/manager.h"
#include "kube/client.h"

namespace ctrl {

struct LeaderLeaseOptions {
  kube::Key key;                                         // of the Lease object
  std::string identity;                                  // this process, and no other: "host_UUID"
  base::Duration duration = std::chrono::seconds(15);    // a silent holder is replaced after this
  base::Duration give_up = std::chrono::seconds(10);     // a holder that cannot renew stops itself
  base::Duration renew_every = std::chrono::seconds(2);  // by the holder
  base::Duration release_within = std::chrono::seconds(2);  // else a standby waits for `duration`
};

// At most one of several processes holds the Lease object, and works. A standby waits on a watch of
// the Lease, so that it takes over at once when the holder releases it, and measures a silent
// holder's time on its own clock only (clocks of two machines need not agree).
// https://kubernetes.io/docs/concepts/architecture/leases/
class LeaderLease final : public Part {
 public:
  // `client` and `clock` must outlive it. `on_lost` is called once, from the renewing thread, when
  // the lease could not be kept: the process must stop working at once.
  LeaderLease(LeaderLeaseOptions options, kube::Client& client, base::Clock& clock, base::Log log,
              std::function<void(base::Error)> on_lost);
  ~LeaderLease() override;

  // Waits until this process is the leader: as long as `until` when another one works.
  base::Result<> Start(const base::Until& until) override;
  bool ReadyWhileStarting() const override { return true; }
  // Releases the lease (one attempt), so that a standby takes over without waiting.
  void Stop() override;

 private:
  // Somebody's hold on the lease, as last seen and when.
  struct Seen {
    std::string record;  // holder and renewal time
    base::Instant at;
  };

  // True: held by us now. False: by another; `*left` is how long that may last without a renewal.
  base::Result<bool> TryTake(base::Duration* left, const base::Until& until);
  base::Result<> Renew(const base::Until& until);
  void WaitForChange(base::Duration longest, const base::Until& until);
  void KeepRenewing(std::stop_token stop);
  kube::Object Hold(const kube::Object& lease) const;

  LeaderLeaseOptions options_;
  kube::Client& client_;
  base::Clock& clock_;
  base::Log log_;
  std::function<void(base::Error)> on_lost_;
  Seen seen_;
  bool held_ = false;
  base::Crew crew_;
};

}  // namespace ctrl
