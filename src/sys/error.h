#pragma once

#include <string_view>

#include "base/result.h"

namespace sys {

// The Error of a failed system call: "WHAT: no such file or directory", with the code that its
// errno means (ENOENT is kNotFound, EEXIST kExists, EACCES and EPERM kDenied, ...).
base::Error SystemError(int error_number, std::string_view what);

}  // namespace sys
