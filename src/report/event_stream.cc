#include "report/event_stream.h"

#include <cmath>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "report/words.h"

namespace report {
namespace {

using value::Json;

// "2026-11-23T05:33:10.123Z".
std::string TimeText(base::WallTime time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(time - whole);
  std::string text = base::FormatTime(time);
  text.insert(text.size() - 1, fmt::format(".{:03}", rest.count()));
  return text;
}

// Seconds, with milliseconds.
double Seconds(base::Duration span) {
  return std::round(std::chrono::duration<double, std::milli>(span).count()) / 1000;
}

Json Names(const trial::TestId& id) {
  return {{"suite", Printable(id.suite)}, {"test", Printable(id.test)}};
}

Json Names(const trial::StepId& id) {
  Json json = Names(id.test);
  json["step"] = Printable(id.Text());
  return json;
}

Json Lines(const std::vector<std::string>& lines) {
  Json list = Json::array();
  for (const std::string& line : lines) list.push_back(Printable(line));
  return list;
}

void PutIfAny(Json& json, const char* key, const std::string& text) {
  if (!text.empty()) json[key] = Printable(text);
}

void PutPlace(Json& json, const std::string& file, int line, int column) {
  PutIfAny(json, "file", file);
  if (line > 0) json["line"] = line;
  if (column > 0) json["column"] = column;
}

Json Failures(const std::vector<trial::Failure>& failures) {
  Json list = Json::array();
  for (const trial::Failure& failure : failures) {
    Json json{{"message", Printable(failure.message)}};
    PutPlace(json, failure.file, failure.line, failure.column);
    if (!failure.details.empty()) json["details"] = Lines(failure.details);
    PutIfAny(json, "expected", failure.expected);
    PutIfAny(json, "found", failure.found);
    PutIfAny(json, "diff", failure.diff);
    if (!failure.cause.empty()) json["cause"] = Lines(failure.cause);
    list.push_back(std::move(json));
  }
  return list;
}

Json TotalsJson(const trial::Totals& totals) {
  return {{"passed", totals.passed},
          {"failed", totals.failed},
          {"errored", totals.errored},
          {"skipped", totals.skipped}};
}

const char* Word(trial::Sighting::What what) {
  static constexpr const char* kWords[] = {"appeared", "changed", "gone",
                                           "event",    "log",     "left-out"};
  return kWords[static_cast<size_t>(what)];
}

}  // namespace

base::Result<> EventStream::Check() const {
  if (out_) return base::Ok();
  return base::Fail(base::Code::kUnavailable, "the event stream {} could not be written", name_);
}

void EventStream::Write(const char* event, const trial::Moment& at, Json fields) {
  fields["event"] = event;
  fields["time"] = TimeText(at.wall);
  fields["at"] = Seconds(at.instant - began_);
  out_ << fields.dump() << '\n' << std::flush;
}

void EventStream::OnRunStarted(const trial::RunStarted& event, const trial::Moment& at) {
  began_ = at.instant;
  Json json{{"version", kVersion},           {"run", Printable(event.run)},
            {"name", Printable(event.name)}, {"server", Printable(event.server)},
            {"suites", event.suites},        {"tests", event.tests},
            {"parallel", event.parallel},    {"timeout", Seconds(event.timeout)}};
  PutIfAny(json, "context", event.context);
  Write("run-started", at, std::move(json));
}

void EventStream::OnRunEnded(const trial::RunEnded& event, const trial::Moment& at) {
  Json json{{"verdict", ToString(event.verdict)},
            {"totals", TotalsJson(event.totals)},
            {"interrupted", event.interrupted},
            {"toVerdict", Seconds(event.to_verdict)},
            {"took", Seconds(event.took)}};
  if (!event.failures.empty()) json["failures"] = Failures(event.failures);
  Write("run-ended", at, std::move(json));
}

void EventStream::OnSuiteStarted(const trial::SuiteStarted& event, const trial::Moment& at) {
  Write("suite-started", at, {{"suite", Printable(event.suite)}, {"tests", event.tests}});
}

void EventStream::OnSuiteEnded(const trial::SuiteEnded& event, const trial::Moment& at) {
  Write("suite-ended", at,
        {{"suite", Printable(event.suite)},
         {"totals", TotalsJson(event.totals)},
         {"took", Seconds(event.took)}});
}

void EventStream::OnTestStarted(const trial::TestStarted& event, const trial::Moment& at) {
  Json json = Names(event.id);
  json["directory"] = Printable(event.directory);
  json["namespace"] = Printable(event.ns);
  json["steps"] = event.steps;
  Write("test-started", at, std::move(json));
}

void EventStream::OnTestEnded(const trial::TestEnded& event, const trial::Moment& at) {
  Json json = Names(event.id);
  json["verdict"] = ToString(event.verdict);
  json["took"] = Seconds(event.took);
  Write("test-ended", at, std::move(json));
}

void EventStream::OnStepStarted(const trial::StepStarted& event, const trial::Moment& at) {
  Json json = Names(event.id);
  PutIfAny(json, "file", event.file);
  json["timeout"] = Seconds(event.timeout);
  json["assertions"] = event.assertions;
  Write("step-started", at, std::move(json));
}

void EventStream::OnStepEnded(const trial::StepEnded& event, const trial::Moment& at) {
  Json json = Names(event.id);
  json["verdict"] = ToString(event.verdict);
  json["took"] = Seconds(event.took);
  if (!event.failures.empty()) json["failures"] = Failures(event.failures);
  if (!event.collected.empty()) json["collected"] = Lines(event.collected);
  Write("step-ended", at, std::move(json));
}

void EventStream::OnWaitProgress(const trial::WaitProgress& event, const trial::Moment& at) {
  Json json = Names(event.id);
  json["waitingFor"] = Printable(event.waiting_for);
  PutIfAny(json, "mismatch", event.mismatch);
  PutIfAny(json, "cause", event.cause);
  json["satisfied"] = event.satisfied;
  json["of"] = event.of;
  json["waited"] = Seconds(event.waited);
  json["left"] = Seconds(event.left);
  Write("wait", at, std::move(json));
}

void EventStream::OnLogLine(const trial::LogLine& event, const trial::Moment& at) {
  Json json = event.id.test.test.empty() ? Json::object() : Names(event.id);
  PutPlace(json, event.file, event.line, event.column);
  json["severity"] = event.severity == trial::Severity::kWarning ? "warning" : "info";
  json["text"] = Printable(event.text);
  Write("line", at, std::move(json));
}

void EventStream::OnCleanupEnded(const trial::CleanupEnded& event, const trial::Moment& at) {
  Json json = Names(event.id);
  json["namespace"] = Printable(event.ns);
  json["verdict"] = ToString(event.verdict);
  json["took"] = Seconds(event.took);
  if (!event.failures.empty()) json["failures"] = Failures(event.failures);
  Write("cleanup-ended", at, std::move(json));
}

void EventStream::OnSighting(const trial::Sighting& event, const trial::Moment& at) {
  Json json = Names(event.id);
  json["what"] = Word(event.what);
  json["severity"] = event.severity == trial::Severity::kWarning ? "warning" : "info";
  PutIfAny(json, "kind", event.kind);
  PutIfAny(json, "name", event.name);
  PutIfAny(json, "text", event.text);
  if (event.when != base::WallTime{}) json["when"] = TimeText(event.when);
  Write("seen", at, std::move(json));
}

}  // namespace report
