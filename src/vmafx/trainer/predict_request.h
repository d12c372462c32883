#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vmafx::trainer {

// The body of POST /predict, {"features": [[…], …]}: at most 1000 rows of `width` finite numbers
// each, in order. kInvalid says which row is wrong and why.
base::Result<std::vector<std::vector<double>>> ReadPredictRequest(std::string_view body,
                                                                  size_t width);

}  // namespace vmafx::trainer
