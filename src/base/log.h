#pragma once

// A log that is passed by hand: no global logger, no macros. A line is the event first, then
// key=value: `watch ended kind=Pod reason=gone`. It goes to stderr or a file; stdout belongs to
// reports. Never log a secret.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/guarded.h"

namespace base {

enum class Level { kDebug, kInfo, kWarn, kError };

// "debug", "info", "warn", "error"; kInvalid names the allowed words.
Result<Level> ParseLevel(std::string_view word);

class LogSink {
 public:
  virtual ~LogSink() = default;
  // Called from any thread, one line without newline.
  virtual void Write(Level level, std::string_view line) = 0;
};

// A handle; copies share the sink. Thread-safe.
class Log {
 public:
  struct Field {
    template <typename T>
    Field(std::string_view field_key, const T& field_value)  // NOLINT(google-explicit-constructor)
        : key(field_key), value(fmt::format("{}", field_value)) {}
    std::string key;
    std::string value;
  };
  using Fields = std::initializer_list<Field>;

  Log(std::shared_ptr<LogSink> sink, Level least) : sink_(std::move(sink)), least_(least) {}

  // Lines with time and level on stderr.
  static Log ToStderr(Level least);
  // Appends to a file of mode 0600; kInvalid when it cannot be opened.
  static Result<Log> ToFile(const std::string& path, Level least);
  static Log Nowhere();

  // A child whose every line also carries key=value.
  template <typename T>
  Log With(std::string_view key, const T& value) const {
    Log child = *this;
    child.suffix_ += Render({key, value});
    return child;
  }

  void Debug(std::string_view event, Fields fields = {}) const {
    Write(Level::kDebug, event, fields);
  }
  void Info(std::string_view event, Fields fields = {}) const {
    Write(Level::kInfo, event, fields);
  }
  void Warn(std::string_view event, Fields fields = {}) const {
    Write(Level::kWarn, event, fields);
  }
  void Error(std::string_view event, Fields fields = {}) const {
    Write(Level::kError, event, fields);
  }

 private:
  // ` key=value`, the value quoted when it holds blanks, quotes or line ends.
  static std::string Render(const Field& field);
  void Write(Level level, std::string_view event, Fields fields) const;

  std::shared_ptr<LogSink> sink_;
  Level least_;
  std::string suffix_;
};

// Keeps lines for tests: `memory.lines()` are "level event key=value".
class MemorySink final : public LogSink {
 public:
  void Write(Level level, std::string_view line) override;
  std::vector<std::string> lines() const;
  // Lines of level error: a test that ends with any of them unexpected should fail.
  size_t errors() const;

 private:
  Guarded<std::vector<std::string>> lines_;
};

}  // namespace base
