#include "trial/testing/suite_files.h"

#include <fmt/format.h>

#include "base/check.h"

namespace trial::testing {
namespace {

sys::TempDir MakeFolder() {
  auto folder = sys::TempDir::Make("suite");
  CHECK(folder.ok());
  return *std::move(folder);
}

std::string Name(const StepId& id) {
  return fmt::format("{} {}", id.test.test, id.Text());
}

}  // namespace

SuiteFiles::SuiteFiles(std::initializer_list<File> files) : folder_(MakeFolder()) {
  for (const File& file : files) Write(file.path, file.text);
}

void SuiteFiles::Write(const std::string& path, const std::string& text) {
  const std::filesystem::path whole = folder_.path() / path;
  CHECK(sys::MakeDirs(whole.parent_path()).ok());
  CHECK(sys::WriteFileAtomically(whole, text).ok());
}

std::string ConfigMap(const std::string& name, const std::string& color,
                      const std::string& metadata) {
  std::string text =
      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n" + metadata;
  if (!color.empty()) text += "data:\n  color: " + color + "\n";
  return text;
}

std::string Check(const std::string& fields) {
  return "apiVersion: kuttl.dev/v1beta1\nkind: TestAssert\n" + fields;
}

std::string StepOf(const std::string& fields) {
  return "apiVersion: kuttl.dev/v1beta1\nkind: TestStep\n" + fields;
}

void EventLog::OnRunStarted(const RunStarted& event, const Moment&) {
  lines.push_back(fmt::format("run started {} tests", event.tests));
}

void EventLog::OnRunEnded(const RunEnded& event, const Moment&) {
  lines.push_back(fmt::format("run ended {}", ToString(event.verdict)));
  end = event;
}

void EventLog::OnSuiteStarted(const SuiteStarted& event, const Moment&) {
  lines.push_back(fmt::format("suite started {} tests", event.tests));
}

void EventLog::OnSuiteEnded(const SuiteEnded& event, const Moment&) {
  lines.push_back(fmt::format("suite ended {} tests", event.totals.total()));
}

void EventLog::OnTestStarted(const TestStarted& event, const Moment&) {
  lines.push_back(fmt::format("test started {}", event.id.test));
  tests[event.id.test] = event;
}

void EventLog::OnTestEnded(const TestEnded& event, const Moment&) {
  lines.push_back(fmt::format("test ended {} {}", event.id.test, ToString(event.verdict)));
  verdicts[event.id.test] = event.verdict;
}

void EventLog::OnStepStarted(const StepStarted& event, const Moment&) {
  lines.push_back(fmt::format("step started {}", Name(event.id)));
}

void EventLog::OnStepEnded(const StepEnded& event, const Moment&) {
  lines.push_back(fmt::format("step ended {} {}", Name(event.id), ToString(event.verdict)));
  failures.insert(failures.end(), event.failures.begin(), event.failures.end());
  collected.insert(collected.end(), event.collected.begin(), event.collected.end());
}

void EventLog::OnWaitProgress(const WaitProgress& event, const Moment&) {
  progress.push_back(event);
}

void EventLog::OnLogLine(const LogLine& event, const Moment&) {
  log.push_back(event);
}

void EventLog::OnCleanupEnded(const CleanupEnded& event, const Moment&) {
  lines.push_back(fmt::format("cleanup ended {} {}", event.id.test, ToString(event.verdict)));
  cleanups.push_back(event);
}

std::vector<std::string> EventLog::With(const std::string& word) const {
  std::vector<std::string> found;
  for (const std::string& line : lines)
    if (line.find(word) != std::string::npos) found.push_back(line);
  for (const LogLine& line : log)
    if (line.text.find(word) != std::string::npos) found.push_back(line.text);
  return found;
}

}  // namespace trial::testing
