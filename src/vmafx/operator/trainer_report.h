#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vmafx::operators {

// What a trainer says of itself: the JSON of its GET /status.
struct TrainerReport {
  std::string phase;  // of a VmafxModelTraining: Initializing, Running, Paused, Failed
  int64_t current_samples = 0;
  std::string last_checkpoint;  // RFC 3339 in seconds, or ""
  std::string model_version;
  std::string model_digest;
  std::string last_stability_gate_result;
  std::string message;
  int64_t revision = 0;  // another one: something changed

  bool operator==(const TrainerReport&) const = default;
};

// kInvalid names the field: of another type, negative, a time that is none, or text that is too
// long to be what it should be. Unknown fields are ignored; an unknown phase is Initializing.
base::Result<TrainerReport> ReadTrainerReport(std::string_view json);

}  // namespace vmafx::operators
