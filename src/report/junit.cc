#include "report/junit.h"

#include <fstream>
#include <system_error>

#include <fmt/format.h>

#include "report/words.h"
#include "report/xml.h"
#include "value/json.h"

namespace report {
namespace {

using trial::Verdict;
using value::Json;

std::string Seconds(base::Duration time) {
  return fmt::format("{:.3f}", std::chrono::duration<double>(time).count());
}

void WriteProblem(XmlWriter& xml, const CaseResult& result, std::string_view element) {
  xml.Open(element);
  xml.Attribute("message", result.message);
  xml.Attribute("type", ToString(result.verdict));
  if (!result.text.empty()) xml.Text(result.text);
  xml.Close();
}

void WriteCase(XmlWriter& xml, const CaseResult& result) {
  xml.Open("testcase");
  xml.Attribute("classname", result.classname);
  xml.Attribute("name", result.name);
  xml.Attribute("timestamp", base::FormatTime(result.timestamp));
  xml.Attribute("time", Seconds(result.time));
  xml.Attribute("assertions", std::to_string(result.assertions));
  switch (result.verdict) {
    case Verdict::kPassed:
      break;
    case Verdict::kFailed:
      WriteProblem(xml, result, "failure");
      break;
    case Verdict::kErrored:
      WriteProblem(xml, result, "error");
      break;
    case Verdict::kSkipped:
      xml.Open("skipped");
      xml.Attribute("message", result.message);
      xml.Close();
      break;
  }
  xml.Close();
}

void WriteCounts(XmlWriter& xml, const SuiteResult& suite) {
  const trial::Totals totals = suite.Count();
  xml.Attribute("tests", std::to_string(totals.total()));
  xml.Attribute("failures", std::to_string(totals.failed));
  xml.Attribute("errors", std::to_string(totals.errored));
  xml.Attribute("skipped", std::to_string(totals.skipped));
}

void WriteSuite(XmlWriter& xml, const SuiteResult& suite) {
  xml.Open("testsuite");
  WriteCounts(xml, suite);
  xml.Attribute("timestamp", base::FormatTime(suite.timestamp));
  xml.Attribute("time", Seconds(suite.time));
  xml.Attribute("name", suite.name);
  for (const CaseResult& each : suite.cases) WriteCase(xml, each);
  for (const SuiteResult& each : suite.suites) WriteSuite(xml, each);
  xml.Close();
}

void PutIfAny(Json& json, const char* key, const std::string& text) {
  if (!text.empty()) json[key] = Printable(text);
}

Json FailureJson(const trial::Failure& failure) {
  Json json{{"message", Printable(failure.message)}};
  PutIfAny(json, "file", failure.file);
  if (failure.line > 0) json["line"] = failure.line;
  if (failure.column > 0) json["column"] = failure.column;
  for (const std::string& line : failure.details) json["details"].push_back(Printable(line));
  PutIfAny(json, "expected", failure.expected);
  PutIfAny(json, "found", failure.found);
  PutIfAny(json, "diff", failure.diff);
  for (const std::string& line : failure.history) json["history"].push_back(Printable(line));
  for (const std::string& line : failure.cause) json["cause"].push_back(Printable(line));
  return json;
}

Json CaseJson(const CaseResult& result) {
  Json json{{"classname", Printable(result.classname)},
            {"name", Printable(result.name)},
            {"timestamp", base::FormatTime(result.timestamp)},
            {"time", Seconds(result.time)},
            {"verdict", ToString(result.verdict)}};
  if (result.assertions > 0) json["assertions"] = result.assertions;
  if (result.verdict == Verdict::kSkipped) {
    json["skipped"] = Json{{"message", result.message}};
  } else if (result.verdict != Verdict::kPassed) {
    json[result.verdict == Verdict::kFailed ? "failure" : "error"] = Json{
        {"message", result.message}, {"type", ToString(result.verdict)}, {"text", result.text}};
  }
  for (const auto& failure : result.failures) json["problems"].push_back(FailureJson(failure));
  for (const auto& file : result.collected) json["collected"].push_back(Printable(file));
  return json;
}

Json SuiteJson(const SuiteResult& suite) {
  const trial::Totals totals = suite.Count();
  Json json{{"name", Printable(suite.name)}, {"tests", totals.total()},
            {"failures", totals.failed},     {"errors", totals.errored},
            {"skipped", totals.skipped},     {"timestamp", base::FormatTime(suite.timestamp)},
            {"time", Seconds(suite.time)}};
  for (const CaseResult& each : suite.cases) json["testcase"].push_back(CaseJson(each));
  for (const SuiteResult& each : suite.suites) json["testsuite"].push_back(SuiteJson(each));
  return json;
}

}  // namespace

std::string FormatJUnit(const SuiteResult& results) {
  XmlWriter xml;
  xml.Open("testsuites");
  xml.Attribute("name", results.name);
  WriteCounts(xml, results);
  xml.Attribute("time", Seconds(results.time));
  for (const SuiteResult& suite : results.suites) WriteSuite(xml, suite);
  xml.Close();
  return xml.Take();
}

std::string FormatJson(const SuiteResult& results) {
  return SuiteJson(results).dump(2) + "\n";
}

base::Result<> WriteReport(const std::filesystem::path& file, const std::string& text) {
  const auto fail = [&](const std::string& why) {
    return base::Fail(base::Code::kUnavailable, "cannot write the report {}: {}", file.string(),
                      why);
  };
  std::error_code error;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), error);
  if (error) return fail(error.message());
  const std::filesystem::path part = file.string() + ".part";
  std::ofstream out(part, std::ios::binary);
  out << text;
  out.close();
  if (!out) {
    std::filesystem::remove(part, error);
    return fail("the folder is not writable or the disk is full");
  }
  std::filesystem::rename(part, file, error);
  if (error) return fail(error.message());
  return base::Ok();
}

}  // namespace report
