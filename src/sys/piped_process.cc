#include "sys/piped_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "base/crew.h"
#include "base/guarded.h"
#include "sys/error.h"

namespace sys {
namespace {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;

constexpr int kPipeBytes = 1 << 20;  // the most that a process without privileges gets by default

base::Error NotWaited(std::string_view what, const Until& until) {
  if (until.Stopped()) return Fail(Code::kCancelled, "stopped while {}", what);
  return Fail(Code::kTimeout, "the deadline passed while {}", what);
}

}  // namespace

Result<> AwaitReadable(int fd, std::string_view what, const Until& until) {
  Fd stopped(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stopped.valid()) return SystemError(errno, what);
  std::stop_callback wake(until.stop(), [&stopped] { eventfd_write(stopped.get(), 1); });
  while (!until.Over()) {
    pollfd waits[] = {{fd, POLLIN, 0}, {stopped.get(), POLLIN, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until.Left());
    const int timeout = static_cast<int>(std::min<int64_t>(left.count(), 3600 * 1000));
    const int ready = poll(waits, 2, timeout);
    if (ready < 0 && errno != EINTR) return SystemError(errno, what);
    if (ready > 0 && waits[0].revents != 0) return base::Ok();
  }
  return NotWaited(what, until);
}

struct PipedProcess::State {
  struct Child {
    enum { kStarting, kRunning, kEnded } phase = kStarting;
    pid_t pid = -1;
    Exit exit;                         // once it has ended, unless there is an
    std::optional<base::Error> error;  // by which it did not start, or was stopped
  };

  // On the child's own thread: PDEATHSIG counts threads, so the one that starts it must stay.
  void Supervise(Command command, base::Clock& clock, std::stop_token stop) {
    auto process = Process::Start(std::move(command));
    output_write.Reset();  // now only the child has it: its end is the end of the stream
    if (!process.ok()) return End(process.error());
    child.With([&](Child& now) {
      now.phase = Child::kRunning;
      now.pid = process->pid();
    });
    auto exit =
        process->Wait(Until(clock, base::Instant::max(), std::move(stop)), base::Duration(0));
    if (!exit.ok()) return End(exit.error());
    child.With([&](Child& now) {
      now.phase = Child::kEnded;
      now.exit = *std::move(exit);
    });
  }

  void End(const base::Error& error) {
    child.With([&](Child& now) {
      now.phase = Child::kEnded;
      now.error = error;
    });
  }

  std::string name;
  Fd output_read;
  Fd output_write;
  base::Guarded<Child> child;
  base::Crew crew;
};

PipedProcess::PipedProcess(std::unique_ptr<State> state) : state_(std::move(state)) {}
PipedProcess::~PipedProcess() = default;

Result<std::unique_ptr<PipedProcess>> PipedProcess::Start(Command command, base::Clock& clock) {
  auto state = std::make_unique<State>();
  state->name = command.argv.empty() ? "" : command.argv[0];
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return SystemError(errno, "a pipe");
  state->output_read = Fd(fds[0]);
  state->output_write = Fd(fds[1]);
  fcntl(fds[0], F_SETFL, O_NONBLOCK);  // our end only
  // Fewer switches; where it is refused, a smaller one does.
  fcntl(fds[0], F_SETPIPE_SZ, kPipeBytes);
  command.output_fd = fds[1];
  State& shared = *state;
  state->crew.Start("child", [&shared, &clock, command](std::stop_token stop) {
    shared.Supervise(command, clock, std::move(stop));
  });
  TRY(state->child.Await(Until(clock, base::Instant::max()), [](const State::Child& child) {
    return child.phase != State::Child::kStarting;
  }));
  auto error = state->child.Read([](const State::Child& child) { return child.error; });
  if (error) return *std::move(error);
  return std::unique_ptr<PipedProcess>(new PipedProcess(std::move(state)));
}

pid_t PipedProcess::pid() const {
  return state_->child.Read([](const State::Child& child) { return child.pid; });
}

Result<size_t> PipedProcess::Read(uint8_t* into, size_t count, const Until& until) {
  while (!until.Over()) {
    const ssize_t got = read(state_->output_read.get(), into, count);
    if (got >= 0) return static_cast<size_t>(got);
    if (errno != EINTR && errno != EAGAIN) return SystemError(errno, state_->name);
    // Only when there is nothing: waiting costs five calls of the kernel.
    TRY(AwaitReadable(state_->output_read.get(), "reading from " + state_->name, until));
  }
  return NotWaited("reading from " + state_->name, until);
}

Result<Exit> PipedProcess::Wait(const Until& until) {
  TRY(state_->child.Await(
      until, [](const State::Child& child) { return child.phase == State::Child::kEnded; }));
  const State::Child child = state_->child.Read([](const State::Child& now) { return now; });
  if (child.error) return *child.error;
  return child.exit;
}

}  // namespace sys
