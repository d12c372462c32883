#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace vmafx::controller {

// What callers may do. A table, so that a test can walk through all of it.
enum class Role {
  kReader,  // looks at jobs and workers
  kWriter,  // and submits and cancels
  kAdmin,   // and releases: the operator
  kNode,    // a worker of the pool: the workers' calls, any job
  kWorker,  // a worker of one namespace: the workers' calls, its namespace's pinned jobs
  kAnyone,  // identity is off: everything
};
enum class Action {
  kGetJob,
  kStreamJobs,
  kListNodes,
  kSubmitJob,
  kCancelJob,
  kScore,  // POST /v1/score
  kReleaseJob,
  kRegisterNode,
  kHeartbeat,
  kPullWork,
  kReportResult,
};

std::string_view ToString(Role role);
std::string_view ToString(Action action);
bool MayCall(Role role, Action action);

// Who calls, as far as it is known.
struct Caller {
  std::string name;  // "system:serviceaccount:team-a:default", a static token's name, or ""
  Role role = Role::kAnyone;
  std::string name_space;  // of a service account
  std::string pod;         // that its token was made for; empty: none

  // One and the same for all calls of one worker, whatever token it has by now.
  std::string Id() const { return pod.empty() ? name : name + "/" + pod; }
};

// Who a call comes from. Thread-safe.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // `authorization` is the header's value, or "". kDenied: nobody we know (the message says why,
  // never the token); kUnavailable, kTimeout: it cannot be told now, try again.
  virtual base::Result<Caller> Identify(std::string_view authorization,
                                        const base::Until& until) = 0;
};

}  // namespace vmafx::controller
