#pragma once

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "sys/process.h"

namespace sys {

// A child whose stdout is read as a stream while it runs; its stderr is kept for messages and never
// holds it up. A thread of its own starts it and waits for it, so it may be made and used by any
// thread, one at a time. Destruction kills the child and its group at once, reaps it, and so ends
// in a few milliseconds.
class PipedProcess {
 public:
  // As Process::Start; `command` must not say where its output goes. Blocks until the program runs.
  static base::Result<std::unique_ptr<PipedProcess>> Start(Command command, base::Clock& clock);
  ~PipedProcess();

  pid_t pid() const;

  // Puts at least one byte of stdout into `into` and returns how many; 0 at the end. kTimeout,
  // kCancelled: `until`.
  base::Result<size_t> Read(uint8_t* into, size_t count, const base::Until& until);

  // Waits until the child has ended, which it may never do while its stdout is not read. `output`
  // is what it wrote to stderr, at most the last 1 MiB.
  base::Result<Exit> Wait(const base::Until& until);

 private:
  struct State;
  explicit PipedProcess(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Waits until `fd` can be read (or its other end is closed). kTimeout, kCancelled: `until`, with
// `what` in the message: "stopped while WHAT".
base::Result<> AwaitReadable(int fd, std::string_view what, const base::Until& until);

}  // namespace sys
