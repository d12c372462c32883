#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "value/json.h"
#include "vmafx/client/controller.h"

namespace vmafx::client {

// "PENDING" as "pending".
std::string StatusWord(rpc::JobStatus status);

// How far scoring is: "120 of 250 frames, VMAF 55.50 so far", the mean of `scores`, those known by
// now. What is not known is left out: `total` when it is 0.
std::string ProgressText(uint64_t done, uint64_t total, std::span<const double> scores);

// A job with all that is known of it but its frames; fields without a value are left out. Times are
// RFC 3339.
value::Json JobJson(const rpc::Job& job);
// The same for people, several lines.
std::string JobText(const rpc::Job& job);
// One line about its state: "14:03:21  ID  running   pool-1". `now` gives the time of day, UTC.
std::string JobLine(const rpc::Job& job, base::WallTime now);

// The frames of a scored job: [{"index": 0, "vmaf": 46.1, "features": {"adm2": …}}, …].
value::Json FramesJson(const rpc::Job& job);
// The same as CSV with a header, numbers in the shortest form that reads back the same (RFC 4180).
std::string FramesCsv(const rpc::Job& job);

value::Json NodesJson(const std::vector<rpc::Node>& nodes);
// A table; "seen" relative to `now`.
std::string NodesText(const std::vector<rpc::Node>& nodes, base::WallTime now);

// A trainer's answer to GET /status, for people. kInvalid when it is not such an answer.
base::Result<std::string> TrainingText(const value::Json& status);

}  // namespace vmafx::client
