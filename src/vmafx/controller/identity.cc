#include "vmafx/controller/identity.h"

namespace vmafx::controller {

std::string_view ToString(Role role) {
  switch (role) {
    case Role::kReader:
      return "reader";
    case Role::kWriter:
      return "writer";
    case Role::kAdmin:
      return "admin";
    case Role::kNode:
      return "node";
    case Role::kWorker:
      return "worker";
    case Role::kAnyone:
      return "anyone";
  }
  return "";
}

std::string_view ToString(Action action) {
  switch (action) {
    case Action::kGetJob:
      return "GetJob";
    case Action::kStreamJobs:
      return "StreamJobs";
    case Action::kListNodes:
      return "ListNodes";
    case Action::kSubmitJob:
      return "SubmitJob";
    case Action::kCancelJob:
      return "CancelJob";
    case Action::kScore:
      return "POST /v1/score";
    case Action::kReleaseJob:
      return "ReleaseJob";
    case Action::kRegisterNode:
      return "RegisterNode";
    case Action::kHeartbeat:
      return "Heartbeat";
    case Action::kPullWork:
      return "PullWork";
    case Action::kReportResult:
      return "ReportResult";
  }
  return "";
}

bool MayCall(Role role, Action action) {
  if (role == Role::kAnyone) return true;
  const bool worker = role == Role::kNode || role == Role::kWorker;
  switch (action) {
    case Action::kGetJob:
    case Action::kStreamJobs:
    case Action::kListNodes:
      return !worker;
    case Action::kSubmitJob:
    case Action::kCancelJob:
    case Action::kScore:
      return role == Role::kWriter || role == Role::kAdmin;
    case Action::kReleaseJob:
      return role == Role::kAdmin;
    case Action::kRegisterNode:
    case Action::kHeartbeat:
    case Action::kPullWork:
    case Action::kReportResult:
      return worker;
  }
  return false;
}

}  // namespace vmafx::controller
