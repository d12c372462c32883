#pragma once

#include <string_view>

#include "base/result.h"

namespace vmafx::api {

// Ok when `text` can be the image of a container: "vmafx-node:1",
// "registry:5000/team/node@sha256:…". kInvalid says what is wrong with it and what would be right.
// https://github.com/distribution/reference/blob/main/reference.go
base::Result<> CheckImageReference(std::string_view text);

}  // namespace vmafx::api
