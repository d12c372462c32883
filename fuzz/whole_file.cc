// The outermost parts of a container's file: is it as long as it says?

#include "vmafx/scoring/whole_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include "base/check.h"
#include "fuzz/input.h"

namespace {

constexpr uint64_t kLargest = uint64_t{1} << 40;  // holes in memory cost nothing

// What a message about a cut part says; `length` 0: nothing.
struct Part {
  uint64_t offset = 0;
  uint64_t length = 0;
  uint64_t there = 0;
};

Part ReadMessage(const std::string& message) {
  Part part;
  const size_t at = message.rfind(" at byte ");
  if (at == std::string::npos) return part;
  unsigned long long offset = 0;
  unsigned long long length = 0;
  unsigned long long there = 0;
  const int read = std::sscanf(message.c_str() + at,
                               " at byte %llu has %llu bytes, but the file ends after %llu of them",
                               &offset, &length, &there);
  if (read == 3) part = {offset, length, there};
  return part;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const int fd = memfd_create("whole-file", 0);
  CHECK(ftruncate(fd, 0) == 0);
  CHECK(pwrite(fd, data, size, 0) == static_cast<ssize_t>(size));
  const auto verdict = vmafx::scoring::CheckWholeFile(fd);
  if (verdict.ok()) return 0;
  CHECK(verdict.Is(base::Code::kInvalid));
  const Part part = ReadMessage(verdict.error().message());
  CHECK(part.length > part.there && part.offset + part.there == size);
  if (part.length > kLargest) return 0;
  // How long the frame is, is not there to be read.
  if (verdict.error().message().find("the header of frame") != std::string::npos) return 0;
  // With what is missing it would be whole; without the last byte of it, it would not.
  const auto whole = static_cast<off_t>(part.offset + part.length);
  CHECK(ftruncate(fd, whole) == 0);
  CHECK(vmafx::scoring::CheckWholeFile(fd).ok());
  CHECK(ftruncate(fd, whole - 1) == 0);
  CHECK(!vmafx::scoring::CheckWholeFile(fd).ok());
  return 0;
}
