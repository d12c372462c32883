#pragma once

#include <linux/filter.h>

#include <vector>

#include "base/result.h"

namespace vmafx::scoring {

// The seccomp filter of a confined program: a list of the system calls that a decoder needs; all
// others fail with EPERM. execve is allowed with this very `program` pointer, and kills with any
// other: exec leaves no trace of the address, so there is no second time. kInternal when the
// filter cannot be made. https://docs.kernel.org/userspace-api/seccomp_filter.html
base::Result<std::vector<sock_filter>> MakeSyscallFilter(const char* program);

}  // namespace vmafx::scoring
