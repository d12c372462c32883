#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "sys/fd.h"

namespace vmafx::scoring {

// Landlock, the kernel's way for a process to give up files:
// https://docs.kernel.org/userspace-api/landlock.html

// Rules by which `program` can be executed, it and the system's shared libraries be read, and the
// open files of `readable` be opened again for reading; nothing else, and no socket or signal that
// the kernel's version of Landlock can refuse. An empty Fd where the kernel has no Landlock or it
// is off. kNotFound, kDenied: `program`.
base::Result<sys::Fd> MakeFileRules(const std::filesystem::path& program,
                                    const std::vector<int>& readable);

// This thread, and what it becomes, keeps to the rules from now on. 0, or -1 with errno.
int RestrictFiles(int rules);

}  // namespace vmafx::scoring
