#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vmafx::v1 {
class ScoreOptions;
}

namespace vmafx::api {

// The backends of the contract: cpu, cuda, sycl, hip, metal.
const std::vector<std::string>& Backends();

// kInvalid names every option that is unknown, out of range, or not supported by this version: none
// is ever ignored. Geometry is all or nothing: width, height, pixel_format and bitdepth together.
base::Result<> CheckScoreOptions(const v1::ScoreOptions& options);

// Empty, or one of Backends(); else kInvalid with the list.
base::Result<> CheckBackend(std::string_view backend);

}  // namespace vmafx::api
