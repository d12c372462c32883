#pragma once

#include <string_view>

namespace base {

// Prints where, what and detail to stderr and aborts. For our own bugs only: never for bad input.
[[noreturn]] void CheckFailed(const char* file, int line, std::string_view condition,
                              std::string_view detail);

}  // namespace base

#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) ::base::CheckFailed(__FILE__, __LINE__, #condition, {}); \
  } while (false)
