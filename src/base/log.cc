#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace base {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warn", "error"};

class SpdlogSink final : public LogSink {
 public:
  explicit SpdlogSink(spdlog::sink_ptr sink) : logger_("log", std::move(sink)) {
    logger_.set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
    logger_.set_level(spdlog::level::debug);
    logger_.flush_on(spdlog::level::debug);
  }

  void Write(Level level, std::string_view line) override {
    constexpr std::array kLevels = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                    spdlog::level::err};
    logger_.log(kLevels[static_cast<size_t>(level)], line);
  }

 private:
  spdlog::logger logger_;
};

class NoSink final : public LogSink {
 public:
  void Write(Level, std::string_view) override {}
};

}  // namespace

Result<Level> ParseLevel(std::string_view word) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == word) return static_cast<Level>(i);
  }
  return Fail(Code::kInvalid, "unknown log level \"{}\": one of debug, info, warn, error", word);
}

Log Log::ToStderr(Level least) {
  return Log(std::make_shared<SpdlogSink>(std::make_shared<spdlog::sinks::stderr_sink_mt>()),
             least);
}

Result<Log> Log::ToFile(const std::string& path, Level least) {
  // Made here so that it is 0600 whatever the umask; spdlog then appends.
  const int fd = open(path.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return Fail(Code::kInvalid, "log file {}: {}", path, strerror(errno));
  close(fd);
  try {
    return Log(
        std::make_shared<SpdlogSink>(std::make_shared<spdlog::sinks::basic_file_sink_mt>(path)),
        least);
  } catch (const spdlog::spdlog_ex& problem) {
    return Fail(Code::kInvalid, "log file {}: {}", path, problem.what());
  }
}

Log Log::Nowhere() {
  return Log(std::make_shared<NoSink>(), Level::kError);
}

std::string Log::Render(const Field& field) {
  const bool plain =
      !field.value.empty() && std::none_of(field.value.begin(), field.value.end(), [](char c) {
        return c == ' ' || c == '"' || c == '=' || static_cast<unsigned char>(c) < 0x20;
      });
  if (plain) return fmt::format(" {}={}", field.key, field.value);
  std::string quoted;
  for (const char c : field.value) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c == '\n') {
      quoted += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      quoted += fmt::format("\\x{:02x}", c);
    } else {
      quoted += c;
    }
  }
  return fmt::format(" {}=\"{}\"", field.key, quoted);
}

void Log::Write(Level level, std::string_view event, Fields fields) const {
  if (level < least_) return;
  std::string line(event);
  for (const Field& field : fields) line += Render(field);
  sink_->Write(level, line + suffix_);
}

void MemorySink::Write(Level level, std::string_view line) {
  lines_.With([&](auto& lines) {
    lines.push_back(fmt::format("{} {}", kNames[static_cast<size_t>(level)], line));
  });
}

std::vector<std::string> MemorySink::lines() const {
  return lines_.Read([](const auto& lines) { return lines; });
}

size_t MemorySink::errors() const {
  return lines_.Read([](const auto& lines) {
    return std::count_if(lines.begin(), lines.end(),
                         [](const auto& line) { return line.rfind("error ", 0) == 0; });
  });
}

}  // namespace base
