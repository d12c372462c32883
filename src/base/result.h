#pragma once

// base: what every other folder stands on. Errors as values, time as a parameter, data inside its
// lock, threads that stop together, a log that is passed by hand. Nothing here knows Kubernetes,
// files or sockets.

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "base/check.h"

namespace base {

// What a caller may do about an error; the message says the rest.
enum class Code {
  kInvalid,      // fix the input
  kNotFound,     // it is not there: often fine
  kExists,       // it is there already
  kConflict,     // re-read and retry
  kGone,         // the history is gone: list again
  kDenied,       // give up: no right to do this
  kTimeout,      // the deadline passed
  kCancelled,    // somebody asked to stop
  kUnavailable,  // the other side cannot be reached now: back off and retry
  kInternal,     // report it
};

// "not found", "timeout": the code as words for messages.
std::string_view ToString(Code code);

// A reason: code, message and a chain of "while doing what". Messages are lower-case, name the
// thing and have no final period: `pod default/web: no such container "app"`. A value type; copy
// and move freely between threads.
class [[nodiscard]] Error {
 public:
  Error(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  Code code() const { return code_; }

  // The whole chain, outermost context first: "applying step 3: reading web.yaml: no such file".
  const std::string& message() const { return message_; }

  // The same error with `context` in front of its message.
  Error During(std::string_view context) && {
    message_ = fmt::format("{}: {}", context, message_);
    return std::move(*this);
  }

 private:
  Code code_;
  std::string message_;
};

template <typename... Args>
Error Fail(Code code, fmt::format_string<Args...> format, Args&&... args) {
  return Error(code, fmt::format(format, std::forward<Args>(args)...));
}

struct Nothing {};

// A value or an Error. Dropping one is a compiler warning (an error in our builds). `Result<>`
// carries no value: `return Ok();` or `return Nothing{};`. Reading the value of a failed result is
// a bug and aborts.
template <typename T = Nothing>
class [[nodiscard]] Result {
 public:
  using Value = T;

  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& operator*() & { return Get(); }
  const T& operator*() const& { return const_cast<Result*>(this)->Get(); }
  // By value, so that `for (auto& x : *List())` and `const auto& x = *Find()` do not refer to a
  // dead temporary.
  T operator*() && { return std::move(Get()); }
  T* operator->() { return &Get(); }
  const T* operator->() const { return &const_cast<Result*>(this)->Get(); }

  const Error& error() const& {
    CHECK(!ok());
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    CHECK(!ok());
    return std::move(*std::get_if<1>(&state_));
  }

  // True when this failed with `code`.
  bool Is(Code code) const { return !ok() && error().code() == code; }

  // Adds context where the caller knows something: TRY(Read(path).During("loading the suite")).
  Result During(std::string_view context) && {
    if (ok()) return std::move(*this);
    return std::move(*this).error().During(context);
  }

  T ValueOr(T fallback) && { return ok() ? std::move(Get()) : std::move(fallback); }

 private:
  T& Get() {
    if (!ok()) CheckFailed(__FILE__, __LINE__, "value of a failed Result", error().message());
    return *std::get_if<0>(&state_);
  }

  std::variant<T, Error> state_;
};

inline Result<> Ok() {
  return Nothing{};
}

}  // namespace base

// The value of a Result, or returns its error from the enclosing function: `auto pod =
// TRY(client.Get(key, until));` May be nested: each use has a name of its own.
#define TRY(expression) BASE_TRY_COUNTED_(expression, __COUNTER__)
#define BASE_TRY_COUNTED_(expression, count) BASE_TRY_(expression, count)
#define BASE_TRY_(expression, count) BASE_TRY_AS_(expression, try_result_##count)
#define BASE_TRY_AS_(expression, name)              \
  __extension__({                                   \
    auto name = (expression);                       \
    if (!name.ok()) return std::move(name).error(); \
    *std::move(name);                               \
  })
