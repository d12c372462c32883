#pragma once

// The run on standard output, for a person: one line for each test, everything about what failed,
// one line at the end. On a terminal the running steps stand below, with what they wait for.

#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "report/live_area.h"
#include "trial/events.h"

namespace report {

struct ConsoleOptions {
  bool live = false;     // a terminal that understands cursor movement
  bool color = false;    // decided by the caller: a terminal, and no NO_COLOR
  bool verbose = false;  // also what steps did (objects created, output of commands)
  bool quiet = false;    // only what did not pass, and the last line
  size_t width = 100;    // of the terminal, in characters
  size_t height = 24;
};

class Console final : public trial::Listener {
 public:
  // `out` must outlive it; it is flushed after every event.
  Console(std::ostream& out, ConsoleOptions options);

  void OnRunStarted(const trial::RunStarted& event, const trial::Moment& at) override;
  void OnRunEnded(const trial::RunEnded& event, const trial::Moment& at) override;
  void OnTestStarted(const trial::TestStarted& event, const trial::Moment& at) override;
  void OnTestEnded(const trial::TestEnded& event, const trial::Moment& at) override;
  void OnStepStarted(const trial::StepStarted& event, const trial::Moment& at) override;
  void OnStepEnded(const trial::StepEnded& event, const trial::Moment& at) override;
  void OnWaitProgress(const trial::WaitProgress& event, const trial::Moment& at) override;
  void OnLogLine(const trial::LogLine& event, const trial::Moment& at) override;
  void OnCleanupEnded(const trial::CleanupEnded& event, const trial::Moment& at) override;
  void OnQuiet(const trial::Moment& at) override;

 private:
  enum class Style { kNone, kBold, kDim, kGood, kBad, kWarning };

  // A test that has started and not ended.
  struct Running {
    trial::Moment begin;
    trial::Moment step_begin;
    std::string step;
    trial::WaitProgress wait;
    base::Instant told;      // when its wait was last put into a plain log
    std::string told_cause;  // and with which cause
    std::vector<trial::StepEnded> bad_steps;
  };

  std::string Paint(Style style, const std::string& text) const;
  std::string Tick(trial::Verdict verdict) const;
  std::string NameOf(const trial::TestId& id) const;
  std::string FailureBlock(const std::vector<trial::Failure>& failures,
                           const std::vector<std::string>& collected, size_t indent) const;
  std::string PaintLine(const std::string& line) const;
  void TellLongWait(const trial::WaitProgress& event, const trial::Moment& at, Running& test);
  void Print(const std::string& text);
  void ShowLive(const trial::Moment& at);
  std::vector<std::string> LiveLines(const trial::TestId& id, const Running& test, bool roomy,
                                     const trial::Moment& at) const;

  std::ostream& out_;
  const ConsoleOptions options_;
  LiveArea live_;
  std::map<trial::TestId, Running> running_;
  std::vector<std::string> failed_;  // for the last lines
  int suites_ = 0;
  int tests_ = 0;
  int done_ = 0;
};

}  // namespace report
