#include "vmafx/scoring/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "sys/fd.h"
#include "sys/piped_process.h"

namespace vmafx::scoring {
namespace {

base::Error FromErrno(const std::string& name, int error) {
  base::Code code = error == ENOENT || error == ENOTDIR ? base::Code::kNotFound
                    : error == EACCES || error == EPERM ? base::Code::kDenied
                                                        : base::Code::kUnavailable;
  return base::Fail(code, "{}: {}", name, std::strerror(error));
}

class FileStream final : public ByteStream {
 public:
  FileStream(std::string name, sys::Fd fd, std::optional<uint64_t> size)
      : name_(std::move(name)), fd_(std::move(fd)), size_(size) {}

  std::optional<uint64_t> size() const override { return size_; }

  base::Result<size_t> Read(uint8_t* into, size_t count, const base::Until& until) override {
    while (true) {
      // A regular file is always ready; a pipe must be waited for first, because one that nobody
      // has opened to write yet would seem to be at its end.
      if (!size_ || until.Over()) TRY(sys::AwaitReadable(fd_.get(), "reading " + name_, until));
      ssize_t got = read(fd_.get(), into, count);
      if (got >= 0) return static_cast<size_t>(got);
      if (errno != EINTR && errno != EAGAIN) return FromErrno(name_, errno);
    }
  }

 private:
  std::string name_;
  sys::Fd fd_;
  std::optional<uint64_t> size_;
};

}  // namespace

ByteSource::ByteSource(std::string name, std::shared_ptr<ByteStream> stream)
    : name_(std::move(name)), stream_(std::move(stream)) {}

base::Result<ByteSource> ByteSource::Open(const std::filesystem::path& path,
                                          const std::string& name) {
  const std::string& shown = name.empty() ? path.native() : name;
  // Non-blocking, so that a pipe nobody writes to does not hold us: Read waits, and can stop.
  sys::Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) return FromErrno(shown, errno);
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return FromErrno(shown, errno);
  if (S_ISDIR(info.st_mode)) {
    return base::Fail(base::Code::kInvalid, "{}: is a directory, not a video", shown);
  }
  std::optional<uint64_t> size;
  if (S_ISREG(info.st_mode)) {
    size = static_cast<uint64_t>(info.st_size);
    posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  return ByteSource(shown, std::make_shared<FileStream>(shown, std::move(fd), size));
}

base::Result<> ByteSource::FillBuffer(size_t count, const base::Until& until) {
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<ptrdiff_t>(position_));
  position_ = 0;
  while (buffer_.size() < count) {
    size_t had = buffer_.size();
    buffer_.resize(count);
    auto got = stream_->Read(buffer_.data() + had, count - had, until);
    buffer_.resize(had + (got.ok() ? *got : 0));
    if (!got.ok()) return std::move(got).error();
    if (*got == 0) break;
  }
  return base::Ok();
}

base::Result<std::string_view> ByteSource::Peek(size_t count, const base::Until& until) {
  count = std::min(count, kPeekLimit);
  if (buffer_.size() - position_ < count) TRY(FillBuffer(count, until));
  return std::string_view(reinterpret_cast<const char*>(buffer_.data()) + position_,
                          std::min(count, buffer_.size() - position_));
}

base::Result<size_t> ByteSource::Read(uint8_t* into, size_t count, const base::Until& until) {
  size_t done = std::min(count, buffer_.size() - position_);
  if (done > 0) std::memcpy(into, buffer_.data() + position_, done);
  position_ += done;
  while (done < count) {
    size_t got = TRY(stream_->Read(into + done, count - done, until));
    if (got == 0) break;
    done += got;
  }
  return done;
}

base::Result<std::optional<std::string>> ByteSource::ReadLine(size_t limit,
                                                              const base::Until& until) {
  std::string line;
  while (line.size() <= limit) {
    if (position_ == buffer_.size()) TRY(FillBuffer(1, until));
    if (position_ == buffer_.size()) {
      if (line.empty()) return std::optional<std::string>();
      return base::Fail(base::Code::kInvalid, "{}: ends in the middle of a header line", name_);
    }
    char next = static_cast<char>(buffer_[position_++]);
    if (next == '\n') return std::optional<std::string>(std::move(line));
    line += next;
  }
  return base::Fail(base::Code::kInvalid, "{}: a header line is longer than {} bytes", name_,
                    limit);
}

}  // namespace vmafx::scoring
