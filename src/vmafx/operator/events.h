#pragma once

#include <string>

#include "base/log.h"
#include "kube/client.h"
#include "vmafx/api/job.h"

namespace vmafx::operators {

// What an Event is about: an object of ours.
struct Subject {
  std::string kind;  // "VmafxJob"
  kube::Key key;
  std::string uid;
};

// Writes Events about our objects. An Event's name follows from the object, the reason and the
// message, so that a step that is repeated (after a crash, say) does not tell it twice.
// https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
class EventRecorder {
 public:
  // Both must outlive it.
  EventRecorder(kube::Writer& writer, base::Clock& clock, base::Log log)
      : writer_(writer), clock_(clock), log_(std::move(log)) {}

  // Best effort: an Event that cannot be written is a log line and nothing else.
  void Normal(const api::Job& job, const std::string& reason, const std::string& message,
              const base::Until& until) {
    Record({"VmafxJob", job.key, job.uid}, "Normal", reason, message, until);
  }
  void Normal(const Subject& about, const std::string& reason, const std::string& message,
              const base::Until& until) {
    Record(about, "Normal", reason, message, until);
  }
  void Warning(const api::Job& job, const std::string& reason, const std::string& message,
               const base::Until& until) {
    Record({"VmafxJob", job.key, job.uid}, "Warning", reason, message, until);
  }
  void Warning(const Subject& about, const std::string& reason, const std::string& message,
               const base::Until& until) {
    Record(about, "Warning", reason, message, until);
  }

 private:
  void Record(const Subject& about, const char* type, const std::string& reason,
              const std::string& message, const base::Until& until);

  kube::Writer& writer_;
  base::Clock& clock_;
  base::Log log_;
};

}  // namespace vmafx::operators
