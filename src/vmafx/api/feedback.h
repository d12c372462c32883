#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vmafx::api {

// The feedback format, the one way in which a scored job reaches a trainer, over TCP (port
// kTrainerFeedbackPort of the trainer's Service) and over the sidecar's Unix socket alike:
// newline-delimited JSON, a line each way.
//
//   {"job_id": "…", "features": [0.98, …], "true_score": 46.85, "namespace": "…"}
//   {"ok": true, "step": 17, "trained": true, "loss": 0.12, "job_id": "…"}   or
//   {"ok": false, "error": "…", "job_id": "…"}
//
// "ok" is the acknowledgement: the sample is on the trainer's disk, or its job was counted before.
// Lines are at most kMostFeedbackLine bytes long, their end included.

inline constexpr size_t kMostFeedbackLine = 64 * 1024;

struct FeedbackSample {
  std::string job_id;
  std::vector<double> features;  // vmafx/features/features.h, in its order
  double true_score = 0;         // the exact score
  std::string ns;                // of the job; "namespace" in JSON, may be left out
};

struct FeedbackReply {
  bool ok = false;
  std::string job_id;
  int64_t step = 0;            // training steps done so far
  bool trained = false;        // this sample made it step
  std::optional<double> loss;  // of that step
  std::string error;           // not ok: why; the sample must not be sent again as it is
};

// One line without its end. Numbers read back as the same doubles.
std::string WriteSample(const FeedbackSample& sample);
std::string WriteReply(const FeedbackReply& reply);

// kInvalid names the field: missing, of another type, empty job_id, more than 4096 features, or a
// number that is not finite. Unknown fields are ignored.
base::Result<FeedbackSample> ReadSample(std::string_view line);
base::Result<FeedbackReply> ReadReply(std::string_view line);

// "vmafx-trainer-NAME": the name of the objects that the operator makes for a VmafxModelTraining.
std::string TrainerName(std::string_view training);
// "vmafx-trainer-NAME.NAMESPACE.svc": its Service.
std::string TrainerHost(std::string_view training, std::string_view ns);
// Whether `address` ("HOST:PORT") is the feedback port of a trainer's Service in `ns`: whom a
// worker of `ns` may have told, and the only place to which the controller ever brings its samples.
bool IsTrainerAddress(std::string_view address, std::string_view ns);

}  // namespace vmafx::api
