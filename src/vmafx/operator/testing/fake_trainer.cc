#include "vmafx/operator/testing/fake_trainer.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace vmafx::operators::testing {

using std::chrono::seconds;

FakeTrainer::FakeTrainer() {
  state_.With([](State& state) {
    state.status = {{"phase", "running"},         {"current_samples", 0},
                    {"last_checkpoint_time", ""}, {"model_version", ""},
                    {"model_digest", ""},         {"last_stability_gate_result", ""},
                    {"message", "waits for jobs"}};
  });
  Listen();
}

FakeTrainer::~FakeTrainer() {
  Stop();
}

void FakeTrainer::Listen() {
  net::Route route{"GET", "/status", [this](const net::Call& call) { return Answer(call); }};
  auto server = net::HttpServer::Start(port_.address(), {route},
                                       {.thread_per_connection = true, .most_connections = 64});
  ASSERT_TRUE(server.ok()) << server.error().message();
  server_ = *std::move(server);
}

void FakeTrainer::Say(const value::Json& changes) {
  state_.With([&](State& state) {
    state.status.merge_patch(changes);
    ++state.revision;
  });
}

void FakeTrainer::AnswerWith(int status) {
  state_.With([&](State& state) {
    state.answer = status;
    ++state.revision;
  });
}

void FakeTrainer::Stop() {
  state_.With([](State& state) { state.stopping = true; });
  server_.reset();
}

void FakeTrainer::Restart() {
  state_.With([](State& state) { state.stopping = false; });
  Listen();
}

std::string FakeTrainer::url() const {
  return "http://" + port_.address() + "/status";
}

int FakeTrainer::asked() const {
  return state_.Read([](const State& state) { return state.asked; });
}

void FakeTrainer::AwaitAsked(int times) {
  auto waited = state_.Await(base::Until::After(clock_, seconds(60)),
                             [&](const State& state) { return state.asked >= times; });
  EXPECT_TRUE(waited.ok()) << "asked " << asked() << " times, not " << times;
}

net::Answer FakeTrainer::Answer(const net::Call& call) {
  state_.With([](State& state) { ++state.asked; });
  auto known = call.query.find("revision");
  if (known != call.query.end()) {
    const auto wait = base::ParseDuration(call.query.at("wait"));
    EXPECT_TRUE(wait.ok()) << wait.error().message();
    // Its end without news is an answer too.
    static_cast<void>(state_.Await(base::Until::After(clock_, *wait), [&](const State& state) {
      return state.stopping || std::to_string(state.revision) != known->second;
    }));
  }
  return state_.Read([](const State& state) {
    value::Json body = state.status;
    body["revision"] = state.revision;
    return net::Answer{state.answer, body.dump(), "application/json"};
  });
}

}  // namespace vmafx::operators::testing
