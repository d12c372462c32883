#pragma once

// What happened in a run, as a tree, in the order of the events. Reports that are written at the
// end (JUnit, JSON) are functions of it.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "trial/events.h"

namespace report {

struct StepRecord {
  trial::StepStarted started;
  trial::Moment begin;
  std::optional<trial::StepEnded> ended;  // none: the run was cut off
};

struct TestRecord {
  trial::TestStarted started;
  trial::Moment begin;
  std::vector<StepRecord> steps;  // the set-up first
  std::optional<trial::TestEnded> ended;
  std::optional<trial::CleanupEnded> cleanup;
};

// The verdict that counts: of the steps, made worse by a clean-up that failed; errored for a test
// that was cut off.
trial::Verdict VerdictOf(const TestRecord& test);

struct SuiteRecord {
  trial::SuiteStarted started;
  trial::Moment begin;
  std::vector<TestRecord> tests;
  std::optional<trial::SuiteEnded> ended;
};

struct RunRecord {
  trial::RunStarted started;
  trial::Moment begin;
  std::vector<SuiteRecord> suites;
  std::optional<trial::RunEnded> ended;
};

// Builds a RunRecord. Its record may be read when the runner has returned.
class Recorder final : public trial::Listener {
 public:
  const RunRecord& record() const { return run_; }

  void OnRunStarted(const trial::RunStarted& event, const trial::Moment& at) override;
  void OnRunEnded(const trial::RunEnded& event, const trial::Moment& at) override;
  void OnSuiteStarted(const trial::SuiteStarted& event, const trial::Moment& at) override;
  void OnSuiteEnded(const trial::SuiteEnded& event, const trial::Moment& at) override;
  void OnTestStarted(const trial::TestStarted& event, const trial::Moment& at) override;
  void OnTestEnded(const trial::TestEnded& event, const trial::Moment& at) override;
  void OnStepStarted(const trial::StepStarted& event, const trial::Moment& at) override;
  void OnStepEnded(const trial::StepEnded& event, const trial::Moment& at) override;
  void OnCleanupEnded(const trial::CleanupEnded& event, const trial::Moment& at) override;

 private:
  struct Position {
    size_t suite = 0;
    size_t test = 0;
  };

  TestRecord* FindTest(const trial::TestId& id);

  RunRecord run_;
  std::map<std::string, size_t> suites_;
  std::map<trial::TestId, Position> tests_;
};

}  // namespace report
