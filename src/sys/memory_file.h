#pragma once

// A file that lives in memory only: where a child's stdout goes when nothing else may be in it.

#include <string>

#include "base/result.h"
#include "sys/fd.h"

namespace sys {

// memfd_create(2). One owner, one thread at a time.
class MemoryFile {
 public:
  static base::Result<MemoryFile> Make();

  int fd() const { return fd_.get(); }
  // All that was written so far; kInvalid above `limit` bytes.
  base::Result<std::string> Read(size_t limit) const;

 private:
  explicit MemoryFile(Fd fd) : fd_(std::move(fd)) {}

  Fd fd_;
};

}  // namespace sys
