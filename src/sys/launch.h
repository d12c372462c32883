#pragma once

// The start of a child, between fork and exec, apart from what becomes of it later (process.h).

#include <sys/types.h>

#include "base/result.h"
#include "sys/fd.h"
#include "sys/process.h"

namespace sys {

// A child that runs, first of a process group of its own. Destruction kills the whole group
// (SIGKILL) and reaps the child; until then its number can mean nobody else.
class Child {
 public:
  // After fork(2), in the parent.
  explicit Child(pid_t pid);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  // Readable (poll(2)) when the child has ended.
  int pidfd() const { return pidfd_.get(); }

 private:
  pid_t pid_;
  Fd pidfd_;
};

struct Launched {
  Child child;
  Fd output;  // the read end of what it writes; empty where that goes into a file
};

// Starts what `command` says; returns once the program runs or could not be executed. Errors as
// Process::Start.
base::Result<Launched> Launch(Command& command);

}  // namespace sys
