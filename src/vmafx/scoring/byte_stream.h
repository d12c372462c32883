#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/result.h"

namespace vmafx::scoring {

// Bytes that come once, from begin to end: a file, a pipe, a download, what a decoder makes. One
// thread at a time.
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // How many there are in all, where that is known beforehand.
  virtual std::optional<uint64_t> size() const = 0;

  // Puts at least one byte into `into` and returns how many. 0 at the end, for which the stream
  // vouches: where something broke off, it is an error that says whose, never an early end.
  // kTimeout, kCancelled: `until`.
  virtual base::Result<size_t> Read(uint8_t* into, size_t count, const base::Until& until) = 0;
};

}  // namespace vmafx::scoring
