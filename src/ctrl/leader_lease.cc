#include "ctrl/leader_lease.h"

#include <algorithm>

#include <fmt/chrono.h>

namespace ctrl {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

const kube::Kind kLease{"coordination.k8s.io", "v1", "Lease"};
constexpr auto kRetry = milliseconds(500);  // after an API server that does not answer

// metav1.MicroTime, which the API server wants with six digits.
std::string MicroTime(base::WallTime time) {
  const auto micros = std::chrono::floor<std::chrono::microseconds>(time);
  const auto whole = std::chrono::floor<seconds>(micros);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", whole, (micros - whole).count());
}

std::string Record(const kube::Object& lease) {
  return lease.String({"spec", "holderIdentity"}) + " " + lease.String({"spec", "renewTime"});
}

int64_t Number(const kube::Object& object, const std::string& field) {
  const kube::Json* value = object.Find({"spec", field});
  return value != nullptr && value->is_number() ? value->get<int64_t>() : 0;
}

}  // namespace

LeaderLease::LeaderLease(LeaderLeaseOptions options, kube::Client& client, base::Clock& clock,
                         base::Log log, std::function<void(base::Error)> on_lost)
    : options_(std::move(options)),
      client_(client),
      clock_(clock),
      log_(log.With("lease", options_.key.Text()).With("identity", options_.identity)),
      on_lost_(std::move(on_lost)) {}

LeaderLease::~LeaderLease() {
  crew_.StopAndJoin();
}

base::Result<> LeaderLease::Start(const base::Until& until) {
  while (true) {
    base::Duration left{};
    auto taken = TryTake(&left, until);
    if (taken.ok() && *taken) break;
    if (until.Stopped()) return base::Error(base::Code::kCancelled, "stopped while standing by");
    if (until.Expired()) {
      return base::Fail(base::Code::kTimeout, "lease {} is held by \"{}\"", options_.key.Text(),
                        seen_.record);
    }
    if (taken.Is(base::Code::kDenied) || taken.Is(base::Code::kInvalid)) return taken.error();
    if (taken.ok()) {
      WaitForChange(left, until);
    } else if (!taken.Is(base::Code::kConflict) && !taken.Is(base::Code::kExists)) {
      log_.Warn("lease not reached", {{"why", taken.error().message()}});
      until.Pause(kRetry);
    }
  }
  log_.Info("leading");
  held_ = true;
  crew_.Start("lease", [this](std::stop_token stop) { KeepRenewing(std::move(stop)); });
  return base::Ok();
}

base::Result<bool> LeaderLease::TryTake(base::Duration* left, const base::Until& until) {
  auto lease = client_.Get(kLease, options_.key, until);
  if (lease.Is(base::Code::kNotFound)) {
    kube::Object fresh(
        kube::Json{{"apiVersion", kLease.ApiVersion()},
                   {"kind", kLease.kind},
                   {"metadata", {{"name", options_.key.name}, {"namespace", options_.key.ns}}},
                   {"spec", kube::Json::object()}});
    TRY(client_.Create(Hold(fresh), until));
    return true;
  }
  if (!lease.ok()) return lease.error();
  const std::string holder = lease->String({"spec", "holderIdentity"});
  if (!holder.empty() && holder != options_.identity) {
    const std::string record = Record(*lease);
    if (record != seen_.record) seen_ = {record, clock_.Now()};
    const seconds duration(std::max<int64_t>(Number(*lease, "leaseDurationSeconds"), 1));
    *left = seen_.at + duration - clock_.Now();
    if (*left > base::Duration::zero()) return false;
    log_.Info("taking over from a silent holder", {{"holder", holder}});
  }
  TRY(client_.Update(Hold(*lease), until));
  return true;
}

kube::Object LeaderLease::Hold(const kube::Object& lease) const {
  kube::Object held = lease;
  kube::Json& spec = held.json()["spec"];
  const std::string now = MicroTime(clock_.WallNow());
  if (lease.String({"spec", "holderIdentity"}) != options_.identity) {
    spec["holderIdentity"] = options_.identity;
    spec["acquireTime"] = now;
    spec["leaseTransitions"] = Number(lease, "leaseTransitions") + 1;
  }
  spec["leaseDurationSeconds"] =
      std::max<int64_t>(duration_cast<seconds>(options_.duration).count(), 1);
  spec["renewTime"] = now;
  return held;
}

void LeaderLease::WaitForChange(base::Duration longest, const base::Until& until) {
  kube::WatchOptions watch;
  watch.ns = options_.key.ns;
  watch.field_selector = "metadata.name=" + options_.key.name;
  const std::string seen = seen_.record;
  // Without a version the watch starts with the present state, so nothing between the read and the
  // watch is missed.
  // https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-watch
  auto ended = client_.Watch(
      kLease, watch,
      [&](const kube::Change& change) {
        return change.type == kube::ChangeType::kBookmark ||
               (change.type != kube::ChangeType::kDeleted && Record(*change.object) == seen);
      },
      until.Within(longest));
  if (!ended.ok() && !ended.Is(base::Code::kTimeout)) until.Pause(kRetry);
}

base::Result<> LeaderLease::Renew(const base::Until& until) {
  auto lease = TRY(client_.Get(kLease, options_.key, until));
  const std::string holder = lease.String({"spec", "holderIdentity"});
  if (holder != options_.identity) {
    return base::Fail(base::Code::kGone, "it is held by \"{}\" now", holder);
  }
  TRY(client_.Update(Hold(lease), until));
  return base::Ok();
}

void LeaderLease::KeepRenewing(std::stop_token stop) {
  base::Until life(clock_, base::Instant::max(), stop);
  base::Instant renewed = clock_.Now();
  while (life.Pause(options_.renew_every)) {
    const base::Until give_up(clock_, renewed + options_.give_up, stop);
    auto outcome = Renew(give_up);
    if (life.Stopped()) return;
    if (outcome.ok()) {
      renewed = clock_.Now();
    } else if (outcome.Is(base::Code::kGone) || give_up.Expired()) {
      log_.Warn("lease lost", {{"why", outcome.error().message()}});
      on_lost_(std::move(outcome).error().During("the leader lease " + options_.key.Text()));
      return;
    } else {
      log_.Debug("lease not renewed yet", {{"why", outcome.error().message()}});
    }
  }
}

void LeaderLease::Stop() {
  crew_.StopAndJoin();
  if (!std::exchange(held_, false)) return;
  const base::Until until = base::Until::After(clock_, options_.release_within);
  auto lease = client_.Get(kLease, options_.key, until);
  if (!lease.ok() || lease->String({"spec", "holderIdentity"}) != options_.identity) return;
  lease->json()["spec"]["holderIdentity"] = "";
  lease->json()["spec"]["leaseDurationSeconds"] = 1;
  auto released = client_.Update(*lease, until);
  if (!released.ok()) log_.Warn("lease not released", {{"why", released.error().message()}});
}

}  // namespace ctrl
