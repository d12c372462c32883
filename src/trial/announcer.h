#pragma once

// Hands events to listeners, one at a time and in order, on a thread of its own: whoever tells does
// not wait for a slow console, and no lock is held while a listener works.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/crew.h"
#include "base/queue.h"
#include "trial/events.h"
#include "trial/suite.h"

namespace trial {

// Tell is thread-safe. Finish (or destruction) delivers what was told and ends the thread.
class Announcer {
 public:
  // The listeners and the clock must outlive it.
  Announcer(std::vector<Listener*> listeners, base::Clock& clock);
  ~Announcer();

  void Tell(const RunStarted& event) { Deliver(&Listener::OnRunStarted, event); }
  void Tell(const RunEnded& event) { Deliver(&Listener::OnRunEnded, event); }
  void Tell(const SuiteStarted& event) { Deliver(&Listener::OnSuiteStarted, event); }
  void Tell(const SuiteEnded& event) { Deliver(&Listener::OnSuiteEnded, event); }
  void Tell(const TestStarted& event) { Deliver(&Listener::OnTestStarted, event); }
  void Tell(const TestEnded& event) { Deliver(&Listener::OnTestEnded, event); }
  void Tell(const StepStarted& event) { Deliver(&Listener::OnStepStarted, event); }
  void Tell(const StepEnded& event) { Deliver(&Listener::OnStepEnded, event); }
  void Tell(const WaitProgress& event) { Deliver(&Listener::OnWaitProgress, event); }
  void Tell(const LogLine& event) { Deliver(&Listener::OnLogLine, event); }
  void Tell(const CleanupEnded& event) { Deliver(&Listener::OnCleanupEnded, event); }
  void Tell(const Sighting& event) { Deliver(&Listener::OnSighting, event); }

  void Finish();
  base::Clock& clock() const { return clock_; }

 private:
  using Delivery = std::function<void(Listener&)>;

  template <typename Event>
  void Deliver(void (Listener::*method)(const Event&, const Moment&), const Event& event) {
    const Moment at{clock_.Now(), clock_.WallNow()};
    Push([=](Listener& listener) { (listener.*method)(event, at); });
  }
  void Push(Delivery delivery);

  std::vector<Listener*> listeners_;
  base::Clock& clock_;
  base::Queue<Delivery> queue_;
  base::Crew crew_;
};

// Tells the story of one step (or test, or run): lines and warnings under its name, which it also
// keeps for the artifacts. Thread-safe; copies tell the same.
class Story {
 public:
  Story(Announcer& announcer, StepId id) : announcer_(&announcer), id_(std::move(id)) {}

  void Line(std::string text) const;
  void Warn(const Place& place, std::string text) const;
  // All lines so far, the oldest left out beyond some thousands.
  std::string Transcript() const;
  const StepId& id() const { return id_; }
  Announcer& announcer() const { return *announcer_; }
  base::Clock& clock() const { return announcer_->clock(); }

 private:
  using Lines = std::deque<std::string>;
  void Keep(std::string line) const;

  Announcer* announcer_;
  StepId id_;
  std::shared_ptr<base::Guarded<Lines>> kept_ = std::make_shared<base::Guarded<Lines>>();
};

}  // namespace trial
