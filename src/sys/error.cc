#include "sys/error.h"

#include <cerrno>
#include <string>
#include <system_error>

#include "base/text.h"

namespace sys {

namespace {

base::Code CodeOf(int error_number) {
  switch (error_number) {
    case ENOENT:
      return base::Code::kNotFound;
    case EEXIST:
    case EADDRINUSE:
      return base::Code::kExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return base::Code::kDenied;
    case EINVAL:
    case EISDIR:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ENOEXEC:
    case ELOOP:
      return base::Code::kInvalid;
    case ECONNREFUSED:
    case EAGAIN:
    case EPIPE:
    case ECONNRESET:
      return base::Code::kUnavailable;
    default:
      return base::Code::kInternal;
  }
}

}  // namespace

base::Error SystemError(int error_number, std::string_view what) {
  // Not strerror: that one may share a buffer between threads.
  const std::string reason = std::generic_category().message(error_number);
  return base::Fail(CodeOf(error_number), "{}: {}", what, base::Lower(reason));
}

}  // namespace sys
