#include "vmafx/operator/stores_part.h"

namespace vmafx::operators {

base::Result<> StoresPart::Start(const base::Until& until) {
  jobs_.emplace(client_, kube::StoreOptions{kJobKind, "", {}}, clock_, log_);
  pods_.emplace(client_, kube::StoreOptions{kPodKind, "", WorkerLabels()}, clock_, log_);
  nodes_.emplace(client_, kube::StoreOptions{kNodeKind, "", {}}, clock_, log_);
  trainings_.emplace(client_, kube::StoreOptions{kTrainingKind, "", {}}, clock_, log_);
  for (kube::Store* store : {&*jobs_, &*pods_, &*nodes_, &*trainings_}) {
    TRY(store->WaitSynced(until).During("reading all " + store->kind().kind));
  }
  return base::Ok();
}

base::Result<> StoresPart::Ready() {
  for (kube::Store* store : {&*jobs_, &*pods_, &*nodes_, &*trainings_}) {
    const std::string error = store->Get().last_error;
    if (!error.empty()) {
      return base::Fail(base::Code::kUnavailable, "the watch of {}: {}", store->kind().kind, error);
    }
  }
  return base::Ok();
}

void StoresPart::Stop() {
  trainings_.reset();
  nodes_.reset();
  pods_.reset();
  jobs_.reset();
}

}  // namespace vmafx::operators
