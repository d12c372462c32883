#include "ctrl/manager.h"

namespace ctrl {

void Manager::Add(std::string name, Part& part) {
  members_.push_back({std::move(name), &part});
}

base::Result<> Manager::Run(const base::Until& until) {
  auto started = StartAll(until);
  base::Result<> outcome = base::Ok();
  if (!started.ok()) {
    if (!until.Stopped()) outcome = std::move(started);
  } else {
    log_.Info("all parts run", {{"parts", members_.size()}});
    auto waited = state_.Await(until, [](const State& state) { return state.failure.has_value(); });
    auto failure = state_.Read([](const State& state) { return state.failure; });
    if (failure) {
      outcome = *failure;
    } else if (!until.Stopped()) {
      outcome = std::move(waited);
    }
  }
  StopAll();
  return outcome;
}

base::Result<> Manager::StartAll(const base::Until& until) {
  for (const Member& member : members_) {
    state_.With([](State& state) { state.starting = true; });
    auto started = member.part->Start(until);
    state_.With([&](State& state) {
      state.starting = false;
      if (started.ok()) ++state.started;
    });
    TRY(std::move(started).During("starting " + member.name));
    log_.Debug("part started", {{"part", member.name}});
    auto failure = state_.Read([](const State& state) { return state.failure; });
    if (failure) return *failure;
  }
  return base::Ok();
}

void Manager::StopAll() {
  // Not ready from here on, while the parts still run: a stopped part is not asked again.
  size_t running = state_.With([](State& state) { return std::exchange(state.started, 0); });
  while (running-- > 0) {
    members_[running].part->Stop();
    log_.Debug("part stopped", {{"part", members_[running].name}});
  }
}

void Manager::Fail(base::Error error) {
  state_.With([&](State& state) {
    if (!state.failure) state.failure = std::move(error);
  });
}

Manager::Health Manager::Check() const {
  // Under the lock, so that no part is asked after its Stop began.
  return state_.Read([this](const State& state) {
    Health health{true, ""};
    for (size_t i = 0; i < members_.size(); ++i) {
      const Member& member = members_[i];
      base::Result<> ready = base::Ok();
      if (i < state.started) {
        ready = member.part->Ready();
      } else if (i == state.started && state.starting) {
        if (member.part->ReadyWhileStarting()) {
          health.text += fmt::format("[+]{} standby\n", member.name);
          break;
        }
        ready = base::Error(base::Code::kUnavailable, "starting");
      } else {
        ready = base::Error(base::Code::kUnavailable, "not started");
      }
      health.ready = health.ready && ready.ok();
      health.text += ready.ok() ? fmt::format("[+]{} ok\n", member.name)
                                : fmt::format("[-]{} {}\n", member.name, ready.error().message());
    }
    return health;
  });
}

}  // namespace ctrl
