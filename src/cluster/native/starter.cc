#include "cluster/native/starter.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>

#include "cluster/native/protocol.h"
#include "sys/fd.h"

namespace cluster::native {

using value::Json;

namespace {

constexpr int kMostEnds = 3;

}  // namespace

Starter::Starter(int channel, Layout layout, base::Instant begin, const Progress& progress,
                 base::Clock& clock)
    : channel_(channel),
      layout_(std::move(layout)),
      begin_(begin),
      progress_(progress),
      clock_(clock) {
  crew_.Start("node/events", [this](std::stop_token stop) { ReadEvents(stop); });
}

Starter::~Starter() {
  crew_.StopAndJoin();
}

void Starter::ReadEvents(std::stop_token stop) {
  sys::Fd wake(eventfd(0, EFD_CLOEXEC));
  std::stop_callback on_stop(stop, [&wake] { eventfd_write(wake.get(), 1); });
  while (!stop.stop_requested()) {
    pollfd fds[] = {{channel_, POLLIN, 0}, {wake.get(), POLLIN, 0}};
    poll(fds, 2, -1);
    if (fds[0].revents == 0) continue;
    auto packet = ReceivePacket(channel_);
    if (!packet.ok()) {
      return Fail(base::Fail(base::Code::kUnavailable, "the node has ended{}",
                             LogTail(layout_.Log("init"))));
    }
    Take(packet->message);
  }
}

void Starter::Take(const Json& event) {
  const std::string what = value::FindString(event, {"event"});
  const std::string name = value::FindString(event, {"name"});
  if (what == "booted") {
    state_.With([](State& state) { state.booted = true; });
  } else if (what == "failed") {
    Fail(base::Fail(base::Code::kInternal, "booting the node: {}",
                    value::FindString(event, {"message"})));
  } else if (what == "exited") {
    const bool ok = event.value("ok", false);
    const int restarts = event.value("restarts", 0);
    if (restarts == 0 && ok) {
      state_.With([&](State& state) { state.ended[name] = true; });
    } else if (restarts == 0 || restarts >= kMostEnds) {
      Fail(base::Fail(base::Code::kInternal, "{}: {}{}{}", name, value::FindString(event, {"how"}),
                      restarts == 0 ? "" : fmt::format(", {} times", restarts),
                      LogTail(layout_.Log(name))));
    }
  }
}

void Starter::Fail(base::Error error) {
  state_.With([&](State& state) {
    if (!state.failure) state.failure = std::move(error);
  });
  crew_.RequestStop();
}

base::Result<> Starter::Send(const Json& message) {
  return SendPacket(channel_, message);
}

base::Result<> Starter::AwaitBoot(const base::Until& until) {
  TRY(state_.Await(until, [](const State& state) { return state.booted || state.failure; }));
  return state_.Read([](const State& state) -> base::Result<> {
    if (state.failure) return *state.failure;
    return base::Ok();
  });
}

base::Result<> Starter::Start(const Component& component, const std::vector<int>& fds) {
  TRY(SendPacket(
      channel_,
      {{"do", "start"}, {"component", ToJson(component, layout_.Log(component.name).string())}},
      fds));
  state_.With([&](State& state) {
    state.table.push_back({component.name, clock_.Now() - begin_, std::nullopt});
  });
  return base::Ok();
}

base::Result<> Starter::AwaitEnd(const std::string& name, const base::Until& until) {
  return state_.Await(until, [&](const State& state) { return state.ended.count(name) > 0; });
}

void Starter::Ready(const std::string& component) {
  state_.With([&](State& state) {
    for (StartRow& row : state.table) {
      if (row.component != component || row.ready) continue;
      row.ready = clock_.Now() - begin_;
      state.untold.push_back(row);
    }
  });
}

void Starter::Run(const std::string& name, const base::Until& until,
                  std::function<base::Result<>(const base::Until&)> wait) {
  state_.With([](State& state) { ++state.running; });
  const bool started = crew_.Start(name, [this, name, until, wait](std::stop_token stop) {
    const auto done = wait(until.Stopping(stop));
    // After another failure this one is only its echo.
    if (!done.ok() && !stop.stop_requested()) Fail(done.error());
    state_.With([](State& state) { --state.running; });
  });
  if (!started) state_.With([](State& state) { --state.running; });
}

base::Result<std::vector<StartRow>> Starter::Finish(const base::Until& until) {
  // The caller's stop becomes that of all waits.
  std::stop_callback on_stop(until.stop(), [this] { crew_.RequestStop(); });
  // The waits end by themselves at their deadlines; the bound here is against a bug.
  const base::Until patient = base::Until::After(clock_, until.Left() + std::chrono::seconds(10));
  std::vector<StartRow> untold;
  const auto news = [](const State& state) {
    return state.running == 0 || state.failure || !state.untold.empty();
  };
  const auto take = [&](State& state) {
    untold = std::exchange(state.untold, {});
    return state.running == 0 || state.failure;
  };
  for (bool over = false; !over;) {
    over = state_.When(patient, news, take).ValueOr(true);
    for (const StartRow& row : untold) progress_.ready(row);
  }
  crew_.StopAndJoin();
  return state_.Read([&](const State& state) -> base::Result<std::vector<StartRow>> {
    if (state.failure) return *state.failure;
    if (until.Stopped()) return base::Error(base::Code::kCancelled, "stopped while starting");
    return state.table;
  });
}

base::Result<> Starter::HandOver(bool tied, const base::Until& until) {
  TRY(Send({{"do", "hand-over"}, {"tied", tied}}));
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until.Left()).count();
    pollfd fd{channel_, POLLIN, 0};
    if (poll(&fd, 1, static_cast<int>(left)) == 0)
      return base::Error(base::Code::kTimeout, "the node does not take over");
    const Packet packet = TRY(ReceivePacket(channel_));
    if (value::FindString(packet.message, {"event"}) == "handed-over") return base::Ok();
  }
}

}  // namespace cluster::native
