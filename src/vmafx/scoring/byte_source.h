#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "vmafx/scoring/byte_stream.h"

namespace vmafx::scoring {

// A ByteStream with a name, of which some first bytes can be looked at. One thread at a time.
// Reading a file blocks as the disk does; all else blocks until there is something, and ends with
// `until`.
class ByteSource {
 public:
  // kNotFound, kDenied; kInvalid for a directory. Waits for nothing: also a pipe without a writer
  // opens at once. Messages call it `name`, or by its path where that is empty.
  static base::Result<ByteSource> Open(const std::filesystem::path& path, const std::string& name);

  ByteSource(std::string name, std::shared_ptr<ByteStream> stream);

  const std::string& name() const { return name_; }
  std::optional<uint64_t> size() const { return stream_->size(); }

  // The first `count` bytes (fewer when there are fewer), left to be read. At most kPeekLimit, and
  // only before the first Read.
  base::Result<std::string_view> Peek(size_t count, const base::Until& until);

  // Fills `into`; returns how many bytes there were, fewer than `count` only at the end. kTimeout
  // or kCancelled when `until` is over, kUnavailable when reading a file fails, or as the stream
  // says.
  base::Result<size_t> Read(uint8_t* into, size_t count, const base::Until& until);

  // Up to the next line end, which is taken but not returned. nullopt at the end. kInvalid when the
  // line is longer than `limit` or the file ends in it.
  base::Result<std::optional<std::string>> ReadLine(size_t limit, const base::Until& until);

  static constexpr size_t kPeekLimit = 4096;

 private:
  base::Result<> FillBuffer(size_t count, const base::Until& until);

  std::string name_;
  std::shared_ptr<ByteStream> stream_;
  std::vector<uint8_t> buffer_;  // read from stream_, not yet taken: from position_ on
  size_t position_ = 0;
};

}  // namespace vmafx::scoring
