#include "sys/signals.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <chrono>

#include "base/check.h"
#include "sys/fd.h"

namespace sys {

namespace {

sigset_t StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

Signals::Signals(std::chrono::milliseconds same_wish) {
  const sigset_t set = StopSignals();
  CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  signal(SIGPIPE, SIG_IGN);
  const bool started = crew_.Start("signals", [this, set, same_wish](std::stop_token stop) {
    Fd signals(signalfd(-1, &set, SFD_CLOEXEC));
    Fd wake(eventfd(0, EFD_CLOEXEC));
    CHECK(signals.valid() && wake.valid());
    std::stop_callback on_stop(stop, [&wake] { eventfd_write(wake.get(), 1); });
    std::chrono::steady_clock::time_point first;
    while (!stop.stop_requested()) {
      pollfd fds[] = {{signals.get(), POLLIN, 0}, {wake.get(), POLLIN, 0}};
      if (poll(fds, 2, -1) <= 0 || fds[0].revents == 0) continue;
      signalfd_siginfo info{};
      if (read(signals.get(), &info, sizeof info) != sizeof info) continue;
      const auto now = std::chrono::steady_clock::now();
      const int earlier = received_.exchange(static_cast<int>(info.ssi_signo));
      if (earlier == static_cast<int>(info.ssi_signo) && now - first < same_wish) continue;
      if (earlier != 0) _exit(130);
      first = now;
      stop_.request_stop();
    }
  });
  CHECK(started);
}

Signals::~Signals() {
  crew_.StopAndJoin();
  const sigset_t set = StopSignals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace sys
