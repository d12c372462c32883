#pragma once

// A Lease for each run: who works, and whether it still does. What a run that was killed left can
// be found by it, and told from what a living one needs.
// https://kubernetes.io/docs/concepts/architecture/leases/

#include <string>

#include "base/crew.h"
#include "kube/client.h"

namespace trial {

// Where the Leases of all runs are: the one namespace that every cluster has.
constexpr char kLeaseNamespace[] = "default";
// Annotation of a Lease whose run is over, but whose objects were to be kept.
constexpr char kKeptAnnotation[] = "seatrial.dev/kept";

// A run on another machine is taken for dead when it was not heard of for so long; on this one the
// process is looked at.
constexpr std::chrono::seconds kSilentFor = std::chrono::minutes(5);

// The Lease "seatrial-run-RUN". One request a minute.
class RunLease {
 public:
  RunLease(kube::Client& client, std::string run, base::Clock& clock, base::Log log);

  // Makes it and begins to renew it. An error (no right to) leaves the run without one.
  base::Result<> Begin(const base::Until& until);
  // How the run has ended: everything is gone; something is left that `seatrial gc` may take; or it
  // was to be kept. Call once; without it (or killed) it is kLeft. At most some seconds.
  enum class End { kGone, kLeft, kKept };
  void Finish(End end);

 private:
  void KeepRenewing(const std::stop_token& stop);

  kube::Client& client_;
  std::string run_;
  base::Clock& clock_;
  base::Log log_;
  bool made_ = false;
  base::Crew crew_;
};

// Name of the Lease of `run`.
std::string LeaseName(const std::string& run);

// What a Lease says of its run at the wall time `now`.
enum class RunState { kAlive, kDead, kKept };
RunState StateOf(const kube::Object& lease, base::WallTime now);

}  // namespace trial
