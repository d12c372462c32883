#pragma once

#include "base/result.h"
#include "vmafx/controller/dispatcher.h"
#include "vmafx/controller/job.h"

namespace vmafx::controller::v1 {
class Job;
class NodeCapability;
class ReportResultRequest;
class SubmitJobRequest;
}  // namespace vmafx::controller::v1

namespace vmafx::controller {

// Between the wire's messages and ours. No gRPC, no decisions.

// kInvalid for options that are unknown, unsupported or out of range.
base::Result<NewJob> FromWire(const v1::SubmitJobRequest& request);
Outcome FromWire(const v1::ReportResultRequest& request);         // a final one
Partial PartialFromWire(const v1::ReportResultRequest& request);  // any other
Capability FromWire(const v1::NodeCapability& capability);

// All but partial_results and series.
void ToWire(const Job& job, v1::Job& wire);
void ToWire(const JobWithFrames& job, v1::Job& wire);

}  // namespace vmafx::controller
