#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kube/object.h"

namespace vmafx::operators {

// What the API server asks before it stores one of our objects.
// https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#request
struct AdmissionRequest {
  std::string uid;
  std::string operation;     // CREATE, UPDATE, DELETE, CONNECT
  std::string sub_resource;  // "status", or ""
  std::string user;
  kube::Object object;                     // as it would be stored; empty for a DELETE
  std::optional<kube::Object> old_object;  // as it is stored now
};

struct AdmissionVerdict {
  bool allowed = true;
  std::string message;                // why not: names each wrong field, and what would be right
  std::vector<std::string> warnings;  // shown to the user although it is allowed
};

// Reads the body of a request. kInvalid says what is not as an AdmissionReview of v1 is.
base::Result<AdmissionRequest> ReadReview(std::string_view body);
// The body of the answer.
std::string WriteReview(const std::string& uid, const AdmissionVerdict& verdict);

// The judges, one for each kind. Deletes, changes of the status, of an object that is being
// deleted, and changes that leave all that is judged as it was, are always allowed: whatever was
// stored before the rules were, can still be labelled, finalized and removed. Pure.
AdmissionVerdict JudgeJob(const AdmissionRequest& request);
AdmissionVerdict JudgeNode(const AdmissionRequest& request, const std::string& cluster_domain);
AdmissionVerdict JudgeTraining(const AdmissionRequest& request);

}  // namespace vmafx::operators
