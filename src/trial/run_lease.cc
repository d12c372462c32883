#include "trial/run_lease.h"

#include <fmt/format.h>

#include "sys/identity.h"
#include "trial/cleaner.h"

namespace trial {
namespace {

const kube::Kind kLease{"coordination.k8s.io", "v1", "Lease"};

constexpr base::Duration kRenewEvery = std::chrono::minutes(1);
constexpr base::Duration kLastWrite = std::chrono::seconds(5);

// metav1.MicroTime, which the API server wants with six digits.
std::string MicroTime(base::WallTime time) {
  std::string text = base::FormatTime(time);
  text.pop_back();
  return text + ".000000Z";
}

}  // namespace

std::string LeaseName(const std::string& run) {
  return "seatrial-run-" + run;
}

RunLease::RunLease(kube::Client& client, std::string run, base::Clock& clock, base::Log log)
    : client_(client), run_(std::move(run)), clock_(clock), log_(std::move(log)) {}

base::Result<> RunLease::Begin(const base::Until& until) {
  const std::string now = MicroTime(clock_.WallNow());
  const kube::Object lease({{"apiVersion", kLease.ApiVersion()},
                            {"kind", kLease.kind},
                            {"metadata",
                             {{"name", LeaseName(run_)},
                              {"namespace", kLeaseNamespace},
                              {"labels", {{kRunLabel, run_}}}}},
                            {"spec",
                             {{"holderIdentity", TRY(sys::ProcessIdentity())},
                              {"leaseDurationSeconds", kSilentFor.count()},
                              {"acquireTime", now},
                              {"renewTime", now}}}});
  TRY(client_.Create(lease, until));
  made_ = true;
  crew_.Start("run-lease", [this](const std::stop_token& stop) { KeepRenewing(stop); });
  return base::Ok();
}

void RunLease::KeepRenewing(const std::stop_token& stop) {
  const base::Until until(clock_, base::Instant::max(), stop);
  while (until.Pause(kRenewEvery)) {
    const auto renewed = client_.MergePatch(
        kLease, {kLeaseNamespace, LeaseName(run_)},
        {{"spec", {{"renewTime", MicroTime(clock_.WallNow())}}}}, "", until.Within(kRenewEvery));
    if (!renewed.ok() && !until.Stopped())
      log_.Warn("the run's lease was not renewed", {{"reason", renewed.error().message()}});
  }
}

void RunLease::Finish(End end) {
  crew_.StopAndJoin();
  if (!made_ || end == End::kLeft) return;
  const base::Until until = base::Until::After(clock_, kLastWrite);
  const kube::Key key{kLeaseNamespace, LeaseName(run_)};
  if (end == End::kGone) {
    (void)client_.Delete(kLease, key, {}, until);
  } else {
    (void)client_.MergePatch(
        kLease, key, {{"metadata", {{"annotations", {{kKeptAnnotation, "true"}}}}}}, "", until);
  }
}

RunState StateOf(const kube::Object& lease, base::WallTime now) {
  if (!lease.Annotation(kKeptAnnotation).empty()) return RunState::kKept;
  switch (sys::LifeOf(lease.String({"spec", "holderIdentity"}))) {
    case sys::Life::kAlive:
      return RunState::kAlive;
    case sys::Life::kDead:
      return RunState::kDead;
    case sys::Life::kElsewhere:
      break;
  }
  // Times in this form compare as texts. Clocks of two machines may differ by some minutes.
  const std::string silent_since = MicroTime(now - kSilentFor);
  return lease.String({"spec", "renewTime"}) < silent_since ? RunState::kDead : RunState::kAlive;
}

}  // namespace trial
