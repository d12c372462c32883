#include "vmafx/scoring/whole_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sys/error.h"

namespace vmafx::scoring {
namespace {

using namespace std::string_view_literals;
using base::Code;
using base::Fail;
using base::Result;

// A file of an hour has a few hundred fragments; a hostile one may have parts of 8 bytes.
constexpr int kMostParts = 1'000'000;

class File {
 public:
  File(int fd, uint64_t size) : fd_(fd), size_(size) {}

  uint64_t size() const { return size_; }

  // `count` bytes at `offset`, fewer at the end.
  Result<std::string> At(uint64_t offset, size_t count) const {
    std::string bytes(count, '\0');
    const ssize_t got = pread(fd_, bytes.data(), count, static_cast<off_t>(offset));
    if (got < 0) return sys::SystemError(errno, "reading it");
    bytes.resize(static_cast<size_t>(got));
    return bytes;
  }

 private:
  int fd_;
  uint64_t size_;
};

base::Error Cut(std::string_view part, uint64_t offset, uint64_t length, const File& file) {
  return Fail(
      Code::kInvalid,
      "it is cut short: {} at byte {} has {} bytes, but the file ends after {} of them; fetch "
      "it again or compare its size with the original's",
      part, offset, length, file.size() - offset);
}

uint64_t BigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

uint32_t LittleEndian32(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

// ISO/IEC 14496-12, 4.2: size, type; size 1: 64 bits follow; size 0: to the end.
Result<> CheckBoxes(const File& file) {
  uint64_t at = 0;
  for (int parts = 0; parts < kMostParts && at < file.size(); ++parts) {
    const std::string head = TRY(file.At(at, 16));
    if (head.size() < 8) return base::Ok();
    uint64_t length = BigEndian(std::string_view(head).substr(0, 4));
    if (length == 0) return base::Ok();
    if (length == 1 && head.size() == 16) length = BigEndian(std::string_view(head).substr(8, 8));
    if (length < 8) return base::Ok();  // not a box: ffmpeg will say what it thinks of it
    if (length > file.size() - at) {
      std::string type = head.substr(4, 4);
      const bool plain = std::ranges::all_of(type, [](char c) { return c > ' ' && c <= '~'; });
      // Padding behind the last box reads as anything.
      return plain ? Cut(fmt::format("box \"{}\"", type), at, length, file) : Result<>(base::Ok());
    }
    at += length;
  }
  return base::Ok();
}

struct ElementHead {
  uint64_t id = 0;
  uint64_t length = 0;
  bool unknown_length = false;  // of what was written live: until its parent ends
  size_t bytes = 0;             // of the head itself
};

// RFC 8794, 4 to 6: an id and a length whose leading zero bits tell their own sizes.
std::optional<ElementHead> ReadElementHead(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  const auto id_size = static_cast<size_t>(std::countl_zero(static_cast<uint8_t>(bytes[0]))) + 1;
  if (id_size > 4 || bytes.size() < id_size + 1) return std::nullopt;
  const auto first = static_cast<uint8_t>(bytes[id_size]);
  const auto length_size = static_cast<size_t>(std::countl_zero(first)) + 1;
  if (length_size > 8 || bytes.size() < id_size + length_size) return std::nullopt;
  const uint64_t marker = uint64_t{1} << (7 * length_size);
  ElementHead head;
  head.id = BigEndian(bytes.substr(0, id_size));
  head.length = BigEndian(bytes.substr(id_size, length_size)) & (marker - 1);
  head.unknown_length = head.length == marker - 1;
  head.bytes = id_size + length_size;
  return head;
}

Result<> CheckElements(const File& file) {
  constexpr uint64_t kHeader = 0x1A45DFA3;
  constexpr uint64_t kSegment = 0x18538067;
  uint64_t at = 0;
  for (int parts = 0; parts < kMostParts && at < file.size(); ++parts) {
    const auto head = ReadElementHead(TRY(file.At(at, 12)));
    if (!head || head->unknown_length) return base::Ok();
    if (head->length > file.size() - at - std::min<uint64_t>(head->bytes, file.size() - at)) {
      if (head->id != kHeader && head->id != kSegment) return base::Ok();  // something behind them
      return Cut(head->id == kHeader ? "the header" : "the segment", at, head->length + head->bytes,
                 file);
    }
    at += head->bytes + head->length;
  }
  return base::Ok();
}

// RIFF: type, length of what follows, little-endian. OpenDML files have several such chunks.
Result<> CheckChunks(const File& file) {
  uint64_t at = 0;
  for (int parts = 0; parts < kMostParts && at < file.size(); ++parts) {
    const std::string head = TRY(file.At(at, 8));
    if (head.size() < 8 || !head.starts_with("RIFF")) return base::Ok();
    const uint64_t length = LittleEndian32(std::string_view(head).substr(4)) + uint64_t{8};
    if (length > file.size() - at) return Cut("chunk \"RIFF\"", at, length, file);
    at += length + length % 2;
  }
  return base::Ok();
}

// 32 bytes of header, then for each frame its length, a timestamp of 8 bytes, and the frame.
Result<> CheckFrames(const File& file) {
  uint64_t at = 32;
  for (int parts = 0; parts < kMostParts && at < file.size(); ++parts) {
    const std::string head = TRY(file.At(at, 12));
    if (head.size() < 4) return Cut(fmt::format("the header of frame {}", parts), at, 12, file);
    const uint64_t length = LittleEndian32(head) + uint64_t{12};
    if (length > file.size() - at) return Cut(fmt::format("frame {}", parts), at, length, file);
    at += length;
  }
  return base::Ok();
}

}  // namespace

Result<> CheckWholeFile(int fd) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return sys::SystemError(errno, "reading it");
  const File file(fd, static_cast<uint64_t>(info.st_size));
  const std::string first = TRY(file.At(0, 12));
  const std::string_view type = std::string_view(first).substr(std::min<size_t>(4, first.size()));
  for (const std::string_view box : {"ftyp"sv, "moov"sv, "mdat"sv, "free"sv, "wide"sv, "skip"sv}) {
    if (type.starts_with(box)) return CheckBoxes(file);
  }
  if (first.starts_with("\x1a\x45\xdf\xa3"sv)) return CheckElements(file);
  if (first.starts_with("RIFF"sv)) return CheckChunks(file);
  if (first.starts_with("DKIF"sv)) return CheckFrames(file);
  return base::Ok();
}

}  // namespace vmafx::scoring
