#include "expect/helper.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/text.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/piped_process.h"

namespace expect {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;
using value::Json;

namespace {

constexpr size_t kPiece = size_t{1} << 16;
constexpr size_t kLargestAnswer = size_t{256} << 20;
// For its last words: where it has closed its end, it is about to end; else it most likely goes on.
constexpr base::Duration kLastWords = std::chrono::milliseconds(300);
constexpr base::Duration kLastWordsOfTheDying = std::chrono::seconds(5);
// How often a writer who waits for room looks whether it shall stop.
constexpr int kWriteLookMs = 50;

Result<std::string> Dump(const Json& question) {
  try {
    return question.dump();
  } catch (const Json::exception&) {
    return Fail(Code::kInvalid, "it holds text that is not UTF-8");
  }
}

}  // namespace

class Helper::Connection {
 public:
  static Result<std::unique_ptr<Connection>> Start(const HelperOptions& options,
                                                   base::Clock& clock) {
    const std::string program = TRY(options.find());
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
      return sys::SystemError(errno, "a socket");
    auto made = std::make_unique<Connection>();
    made->requests_ = sys::Fd(ends[0]);
    const sys::Fd theirs(ends[1]);
    sys::Command command;
    command.argv = {program};
    command.environment = options.environment;
    command.descriptors = {theirs.get()};
    command.inherit_others = false;
    made->process_ = TRY(sys::PipedProcess::Start(std::move(command), clock)
                             .During("starting the helper for CEL and templates"));
    return made;
  }

  Result<Json> Ask(const std::string& operation, const Json& body, const Until& until) {
    const int64_t id = ++last_id_;
    TRY(Send(TRY(Dump({{"id", id}, {"op", operation}, {"body", body}})) + "\n", until));
    const auto parsed = value::ParseJson(TRY(ReadLine(until)));
    if (!parsed.ok()) return Fail(Code::kUnavailable, "its answer is no JSON");
    const Json& answer = *parsed;
    const Json* answered = value::Find(answer, {"id"});
    if (answered == nullptr || *answered != id)
      return Fail(Code::kUnavailable, "the answer is to another question");
    const std::string error = value::FindString(answer, {"error"});
    if (!error.empty()) return Fail(Code::kInvalid, "{}", error);
    const Json* result = value::Find(answer, {"body"});
    return result == nullptr ? Json::object() : *result;
  }

  // What it wrote to stderr, for a helper that has ended; "" when it has not.
  std::string LastWords(base::Clock& clock) {
    const auto exit =
        process_->Wait(Until::After(clock, closed_ ? kLastWordsOfTheDying : kLastWords));
    if (!exit.ok()) return "";
    const std::string words(base::Trim(exit->output));
    return words.empty() ? exit->Describe() : fmt::format("{}: {}", exit->Describe(), words);
  }

 private:
  Result<> Send(std::string_view text, const Until& until) {
    while (!text.empty()) {
      const ssize_t sent =
          send(requests_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent >= 0) {
        text.remove_prefix(static_cast<size_t>(sent));
        continue;
      }
      if (errno == EINTR) continue;
      if (errno != EAGAIN) {
        closed_ = true;
        return Fail(Code::kUnavailable, "it does not listen any more");
      }
      if (until.Stopped()) return Fail(Code::kCancelled, "stopped while asking");
      if (until.Expired()) return Fail(Code::kTimeout, "the deadline passed while asking");
      pollfd room{requests_.get(), POLLOUT, 0};
      poll(&room, 1, kWriteLookMs);
    }
    return base::Ok();
  }

  Result<std::string> ReadLine(const Until& until) {
    std::vector<uint8_t> piece(kPiece);
    size_t looked = 0;
    for (;;) {
      const size_t end = unread_.find('\n', looked);
      if (end != std::string::npos) {
        std::string line = unread_.substr(0, end);
        unread_.erase(0, end + 1);
        return line;
      }
      looked = unread_.size();
      if (looked > kLargestAnswer) return Fail(Code::kUnavailable, "its answer has no end");
      const size_t count = TRY(process_->Read(piece.data(), piece.size(), until));
      if (count == 0) {
        closed_ = true;
        return Fail(Code::kUnavailable, "it has ended");
      }
      unread_.append(reinterpret_cast<const char*>(piece.data()), count);
    }
  }

  sys::Fd requests_;
  std::unique_ptr<sys::PipedProcess> process_;
  std::string unread_;
  int64_t last_id_ = 0;
  bool closed_ = false;  // by the helper
};

Helper::Helper(HelperOptions options, base::Clock& clock)
    : options_(std::move(options)), clock_(clock) {}

Helper::~Helper() = default;

Result<Json> Helper::Ask(const std::string& operation, Json body, const Until& until) {
  std::unique_ptr<Connection> connection = TRY(state_.When(
      until, [](const State& state) { return !state.busy; },
      [](State& state) {
        state.busy = true;
        return std::move(state.connection);
      }));
  const bool used_before = connection != nullptr;
  auto answer = AskOn(connection, operation, body, until);
  // One that has gone since its last answer says nothing about this question.
  if (answer.Is(Code::kUnavailable) && used_before)
    answer = AskOn(connection, operation, body, until);
  state_.With([&](State& state) {
    state.busy = false;
    state.connection = std::move(connection);
  });
  return answer;
}

// Leaves `connection` null when it cannot be used any more.
Result<Json> Helper::AskOn(std::unique_ptr<Connection>& connection, const std::string& operation,
                           const Json& body, const Until& until) {
  if (!connection) connection = TRY(Connection::Start(options_, clock_));
  auto answer = connection->Ask(operation, body, until);
  if (answer.ok() || answer.Is(Code::kInvalid)) return answer;
  base::Error error = std::move(answer).error();
  if (error.code() == Code::kUnavailable) {
    const std::string words = connection->LastWords(clock_);
    if (!words.empty()) error = Fail(Code::kUnavailable, "{} ({})", error.message(), words);
  }
  connection = nullptr;
  return std::move(error).During("the helper for CEL and templates");
}

}  // namespace expect
