#pragma once

// How a program that reads untrusted bytes is kept from doing anything else: see
// doc/confinement.md.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/result.h"

namespace vmafx::scoring {

struct ConfineOptions {
  std::filesystem::path program;  // absolute; the only one that can be executed, and only once
  std::vector<int> readable;      // open files that may be opened again by /dev/fd/N; borrowed
  uint64_t address_space = uint64_t{8} << 30;  // bytes
  uint64_t cpu_seconds = 24 * 3600;
};

// A confinement that is prepared before fork, because nothing can be allocated after it, and put on
// by the child. What it leaves: computing, threads, memory, reading and writing what is open
// already, opening `readable` and the system's shared libraries for reading. What it takes: no new
// privileges, sockets, new processes, other programs, other files (Landlock, from Linux 5.13),
// writing to any file (also by a limit on sizes), signals to others, tracing, mounts, namespaces,
// every system call that is not on the list. Immutable; must outlive the start of the child.
class Confinement {
 public:
  // kInvalid: a path that is not absolute or too long. kInternal: the kernel has no seccomp
  // filters, or memory is short.
  static base::Result<Confinement> Prepare(const ConfineOptions& options);
  Confinement(Confinement&&) noexcept;
  ~Confinement();

  // Confines this thread, and all that it will become. Returns 0, or errno when that fails and the
  // process must end. System calls only. There is no way back.
  int PutOn() const;

  // For sys::Command::execute: PutOn, then becomes the program. Returns errno.
  int Execute(char* const argv[], char* const envp[]) const;

  // Whether the kernel restricts which files can be opened.
  bool restricts_files() const;

 private:
  struct State;
  explicit Confinement(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace vmafx::scoring
