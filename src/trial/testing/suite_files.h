#pragma once

// Suites on disk for tests, written from literals.

#include <map>
#include <string>
#include <vector>

#include "sys/files.h"
#include "trial/events.h"

namespace trial::testing {

// A temporary folder of files. Ends the test program when the disk does not play along.
class SuiteFiles {
 public:
  struct File {
    std::string path;  // relative to the folder
    std::string text;
  };
  SuiteFiles(std::initializer_list<File> files);

  void Write(const std::string& path, const std::string& text);
  std::string Path(const std::string& path = "") const { return (folder_.path() / path).string(); }

 private:
  sys::TempDir folder_;
};

// A ConfigMap with data.color where `color` is not empty; `metadata` are more lines of it,
// indented.
std::string ConfigMap(const std::string& name, const std::string& color = "",
                      const std::string& metadata = "");

// A TestAssert and a TestStep of these fields.
std::string Check(const std::string& fields);
std::string StepOf(const std::string& fields);

// Keeps every event as one line of text: "step ended a/b 0-install passed".
class EventLog final : public Listener {
 public:
  void OnRunStarted(const RunStarted& event, const Moment&) override;
  void OnRunEnded(const RunEnded& event, const Moment&) override;
  void OnSuiteStarted(const SuiteStarted& event, const Moment&) override;
  void OnSuiteEnded(const SuiteEnded& event, const Moment&) override;
  void OnTestStarted(const TestStarted& event, const Moment&) override;
  void OnTestEnded(const TestEnded& event, const Moment&) override;
  void OnStepStarted(const StepStarted& event, const Moment&) override;
  void OnStepEnded(const StepEnded& event, const Moment&) override;
  void OnWaitProgress(const WaitProgress& event, const Moment&) override;
  void OnLogLine(const LogLine& event, const Moment&) override;
  void OnCleanupEnded(const CleanupEnded& event, const Moment&) override;
  void OnSighting(const Sighting& event, const Moment&) override { sightings.push_back(event); }

  std::vector<std::string> lines;
  std::map<std::string, TestStarted> tests;  // by test name
  std::map<std::string, Verdict> verdicts;   // by test name
  std::vector<Failure> failures;             // of steps, in order
  std::vector<std::string> collected;
  std::vector<WaitProgress> progress;
  std::vector<CleanupEnded> cleanups;
  std::vector<LogLine> log;
  std::vector<Sighting> sightings;
  RunEnded end;

  // The lines that contain `word`.
  std::vector<std::string> With(const std::string& word) const;
};

}  // namespace trial::testing
