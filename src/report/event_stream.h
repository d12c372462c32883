#pragma once

// The run as JSON lines: one object for each event, written when it happens. For tools that follow
// a run or keep it. doc/reports.md names the fields; within a version they are only added to.

#include <ostream>

#include "base/result.h"
#include "trial/events.h"
#include "value/json.h"

namespace report {

class EventStream final : public trial::Listener {
 public:
  static constexpr int kVersion = 1;

  // `out` must outlive it; it is flushed after every line. `name` is what messages call it.
  EventStream(std::ostream& out, std::string name) : out_(out), name_(std::move(name)) {}

  // kUnavailable when a line could not be written.
  base::Result<> Check() const;

  void OnRunStarted(const trial::RunStarted& event, const trial::Moment& at) override;
  void OnRunEnded(const trial::RunEnded& event, const trial::Moment& at) override;
  void OnSuiteStarted(const trial::SuiteStarted& event, const trial::Moment& at) override;
  void OnSuiteEnded(const trial::SuiteEnded& event, const trial::Moment& at) override;
  void OnTestStarted(const trial::TestStarted& event, const trial::Moment& at) override;
  void OnTestEnded(const trial::TestEnded& event, const trial::Moment& at) override;
  void OnStepStarted(const trial::StepStarted& event, const trial::Moment& at) override;
  void OnStepEnded(const trial::StepEnded& event, const trial::Moment& at) override;
  void OnWaitProgress(const trial::WaitProgress& event, const trial::Moment& at) override;
  void OnLogLine(const trial::LogLine& event, const trial::Moment& at) override;
  void OnCleanupEnded(const trial::CleanupEnded& event, const trial::Moment& at) override;
  void OnSighting(const trial::Sighting& event, const trial::Moment& at) override;

 private:
  void Write(const char* event, const trial::Moment& at, value::Json fields);

  std::ostream& out_;
  std::string name_;
  base::Instant began_{};
};

}  // namespace report
