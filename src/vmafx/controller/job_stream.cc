#include "vmafx/controller/job_stream.h"

#include <algorithm>

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/sync_stream.h>

#include "vmafx/controller/translate.h"
#include "vmafx/controller/v1/controller.pb.h"

namespace vmafx::controller {

JobStream::JobStream(const v1::StreamJobsRequest& request, grpc::ServerWriter<v1::Job>& writer)
    : writer_(writer) {
  for (int status : request.status_filter()) statuses_.push_back(static_cast<Status>(status));
}

bool JobStream::Send(const Job& job) {
  int64_t& sent = sent_[job.id];
  if (job.revision <= sent) return true;
  sent = job.revision;
  if (!statuses_.empty() && std::ranges::find(statuses_, job.status) == statuses_.end()) {
    return true;
  }
  v1::Job wire;
  ToWire(job, wire);
  const bool alive = writer_.Write(wire);
  if (IsFinished(job.status)) sent_.erase(job.id);  // it changes no more
  return alive;
}

}  // namespace vmafx::controller
