#pragma once

#include "base/result.h"
#include "vmafx/controller/dispatcher.h"
#include "vmafx/controller/job.h"

namespace vmafx::controller::v1 {
class Job;
class Node;
class NodeCapability;
class RegisterNodeRequest;
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
Worker FromWire(const v1::RegisterNodeRequest& request);

// vmafx.v1.ScoreOptions in JSON, checked and in one spelling. kInvalid names the field.
base::Result<std::string> OptionsFromJson(const std::string& json);
// JSON with the names of the .proto files.
std::string ProvenanceJson(const Job& job);
std::string JobJson(const JobWithFrames& job);

// All but partial_results and series.
void ToWire(const Job& job, v1::Job& wire);
void ToWire(const JobWithFrames& job, v1::Job& wire);
void ToWire(const NodeView& node, v1::Node& wire);

}  // namespace vmafx::controller
