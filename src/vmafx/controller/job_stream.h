#pragma once

#include <map>
#include <string>
#include <vector>

#include "vmafx/controller/dispatcher.h"

namespace grpc {
template <class W>
class ServerWriter;
}
namespace vmafx::controller::v1 {
class Job;
class StreamJobsRequest;
}  // namespace vmafx::controller::v1

namespace vmafx::controller {

// One StreamJobs: sends snapshots and changes of the jobs that match, each state once.
class JobStream {
 public:
  JobStream(const v1::StreamJobsRequest& request, grpc::ServerWriter<v1::Job>& writer);

  // That are asked for; empty: all.
  const std::vector<Status>& statuses() const { return statuses_; }

  // False when the client is gone.
  bool Send(const Job& job);

 private:
  grpc::ServerWriter<v1::Job>& writer_;
  std::vector<Status> statuses_;
  std::map<std::string, int64_t> sent_;  // revision by job
};

}  // namespace vmafx::controller
