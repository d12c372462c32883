#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "sys/fd.h"

namespace vmafx::scoring {

// The bytes of a file or pipe, once, from begin to end. One thread at a time. Reading a file blocks
// as the disk does; reading a pipe blocks until there is something, and ends with `until`.
class ByteSource {
 public:
  // kNotFound, kDenied; kInvalid for a directory. Waits for nothing: also a pipe without a writer
  // opens at once. Messages call it `name`, or by its path where that is empty.
  static base::Result<ByteSource> Open(const std::filesystem::path& path, const std::string& name);

  const std::string& name() const { return name_; }
  // Of a regular file; nullopt for what has no size beforehand.
  std::optional<uint64_t> size() const { return size_; }

  // The first `count` bytes (fewer when there are fewer), left to be read. At most kPeekLimit, and
  // only before the first Read.
  base::Result<std::string_view> Peek(size_t count, const base::Until& until);

  // Fills `into`; returns how many bytes there were, fewer than `count` only at the end. kTimeout
  // or kCancelled when `until` is over, kUnavailable when reading fails.
  base::Result<size_t> Read(uint8_t* into, size_t count, const base::Until& until);

  // Up to the next line end, which is taken but not returned. nullopt at the end. kInvalid when the
  // line is longer than `limit` or the file ends in it.
  base::Result<std::optional<std::string>> ReadLine(size_t limit, const base::Until& until);

  static constexpr size_t kPeekLimit = 4096;

 private:
  ByteSource(std::string name, sys::Fd fd, std::optional<uint64_t> size);

  base::Result<size_t> ReadSome(uint8_t* into, size_t count, const base::Until& until);
  base::Result<> AwaitData(const base::Until& until);
  base::Result<> FillBuffer(size_t count, const base::Until& until);

  std::string name_;
  sys::Fd fd_;
  std::optional<uint64_t> size_;
  std::vector<uint8_t> buffer_;  // read from fd_, not yet taken: from position_ on
  size_t position_ = 0;
};

}  // namespace vmafx::scoring
