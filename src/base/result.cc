#include "base/result.h"

#include <cstdio>

namespace base {

std::string_view ToString(Code code) {
  switch (code) {
    case Code::kInvalid:
      return "invalid";
    case Code::kNotFound:
      return "not found";
    case Code::kExists:
      return "exists already";
    case Code::kConflict:
      return "conflict";
    case Code::kGone:
      return "gone";
    case Code::kDenied:
      return "denied";
    case Code::kTimeout:
      return "timeout";
    case Code::kCancelled:
      return "cancelled";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kInternal:
      return "internal";
  }
  return "unknown";
}

void CheckFailed(const char* file, int line, std::string_view condition, std::string_view detail) {
  fmt::print(stderr, "{}:{}: bug: {} {}\n", file, line, condition, detail);
  std::fflush(stderr);
  std::abort();
}

}  // namespace base
