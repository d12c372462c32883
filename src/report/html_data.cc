#include <algorithm>
#include <fstream>
#include <map>

#include <fmt/format.h>

#include "report/html_report.h"
#include "report/words.h"

namespace report {
namespace {

namespace fs = std::filesystem;
using trial::Verdict;
using value::Json;

bool IsBad(Verdict verdict) {
  return verdict == Verdict::kFailed || verdict == Verdict::kErrored;
}

int64_t Milliseconds(base::Duration span) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
}

void PutIfAny(Json& json, const char* key, const std::string& text) {
  if (!text.empty()) json[key] = Printable(text);
}

void PutLines(Json& json, const char* key, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) json[key].push_back(Printable(line));
}

Json FailureData(const trial::Failure& failure) {
  Json json{{"message", Printable(failure.message)}};
  PutIfAny(json, "place", failure.Place());
  PutIfAny(json, "diff", failure.diff);
  PutIfAny(json, "expected", failure.expected);
  PutIfAny(json, "found", failure.found);
  const bool repeats =
      failure.details.size() == 1 && failure.message.find(failure.details[0]) != std::string::npos;
  if (!repeats) PutLines(json, "details", failure.details);
  PutLines(json, "cause", failure.cause);
  return json;
}

Json FailuresData(const std::vector<trial::Failure>& failures) {
  Json list = Json::array();
  for (const trial::Failure& failure : failures) list.push_back(FailureData(failure));
  return list;
}

Json TotalsData(const trial::Totals& totals) {
  return {{"passed", totals.passed},
          {"failed", totals.failed},
          {"errored", totals.errored},
          {"skipped", totals.skipped}};
}

class Builder {
 public:
  Builder(const HtmlSources& sources, const HtmlLimits& limits)
      : sources_(sources), limits_(limits), left_(limits.bytes) {}

  Json Build() {
    Json data{{"version", 1}, {"run", RunData()}, {"tests", Json::array()}};
    std::vector<const TestRecord*> tests;
    for (const SuiteRecord& suite : sources_.run.suites)
      for (const TestRecord& test : suite.tests) tests.push_back(&test);
    std::vector<Json> built;
    for (const TestRecord* test : tests) built.push_back(TestData(*test));
    // What the limit leaves room for goes to those that somebody has to understand.
    for (const bool bad : {true, false}) {
      for (size_t i = 0; i < tests.size(); ++i)
        if (IsBad(VerdictOf(*tests[i])) == bad) AddBulk(*tests[i], built[i]);
    }
    for (Json& test : built) data["tests"].push_back(std::move(test));
    if (sources_.history != nullptr) data["history"] = HistoryData(*sources_.history);
    return data;
  }

 private:
  int64_t SinceStart(base::WallTime when) const {
    return Milliseconds(when - sources_.run.begin.wall);
  }

  Json RunData() const {
    const trial::RunStarted& started = sources_.run.started;
    Json run{{"id", Printable(started.run)},
             {"name", Printable(started.name)},
             {"server", Printable(started.server)},
             {"context", Printable(started.context)},
             {"began", Milliseconds(sources_.run.begin.wall.time_since_epoch())},
             {"parallel", started.parallel},
             {"timeout", Milliseconds(started.timeout)}};
    if (!sources_.run.ended) {
      run["verdict"] = ToString(Verdict::kErrored);
      run["failures"] = Json::array({Json{{"message", "the run was cut off"}}});
      return run;
    }
    const trial::RunEnded& ended = *sources_.run.ended;
    run["verdict"] = ToString(ended.verdict);
    run["totals"] = TotalsData(ended.totals);
    run["took"] = Milliseconds(ended.took);
    run["toVerdict"] = Milliseconds(ended.to_verdict);
    run["interrupted"] = ended.interrupted;
    run["failures"] = FailuresData(ended.failures);
    return run;
  }

  Json TestData(const TestRecord& test) const {
    Json json{{"suite", Printable(test.started.id.suite)},
              {"name", Printable(test.started.id.test)},
              {"verdict", ToString(VerdictOf(test))},
              {"begin", SinceStart(test.begin.wall)},
              {"took", test.ended ? Milliseconds(test.ended->took) : 0},
              {"steps", Json::array()}};
    PutIfAny(json, "namespace", test.started.ns);
    PutIfAny(json, "directory", test.started.directory);
    for (const StepRecord& step : test.steps) json["steps"].push_back(StepData(step));
    if (test.cleanup) {
      json["cleanup"] = {{"verdict", ToString(test.cleanup->verdict)},
                         {"took", Milliseconds(test.cleanup->took)},
                         {"failures", FailuresData(test.cleanup->failures)}};
    }
    return json;
  }

  Json StepData(const StepRecord& step) const {
    Json json{{"name", Printable(step.started.id.Text())},
              {"begin", SinceStart(step.begin.wall)},
              {"limit", Milliseconds(step.started.timeout)}};
    PutIfAny(json, "file", step.started.file);
    if (!step.ended) {
      json["verdict"] = ToString(Verdict::kErrored);
      json["failures"] = Json::array({Json{{"message", "the run ended before this step did"}}});
      return json;
    }
    json["verdict"] = ToString(step.ended->verdict);
    json["took"] = Milliseconds(step.ended->took);
    if (!step.ended->failures.empty()) json["failures"] = FailuresData(step.ended->failures);
    return json;
  }

  // Timeline and collected files, as far as there is room.
  void AddBulk(const TestRecord& test, Json& json) {
    const TestTimeline& timeline = sources_.timeline.Of(test.started.id);
    Json entries = Json::array();
    size_t size = 0;
    for (const TimelineEntry& entry : timeline.entries) {
      size += entry.text.size() + entry.name.size() + 40;
      entries.push_back({SinceStart(entry.when), ToString(entry.what), entry.kind, entry.name,
                         entry.text, entry.wrong ? 1 : 0});
    }
    PutLines(json, "leftOut", timeline.left_out);
    if (size > left_) {
      json["leftOut"].push_back(
          fmt::format("the timeline of {} entries: this file would be too large", entries.size()));
      entries = Json::array();
      size = 0;
    }
    left_ -= size;
    json["timeline"] = std::move(entries);
    AddFiles(test, json);
  }

  void AddFiles(const TestRecord& test, Json& json) {
    size_t left = std::min(limits_.files_of_test, left_);
    for (const StepRecord& step : test.steps) {
      if (!step.ended) continue;
      for (const std::string& path : step.ended->collected) {
        Json file{{"step", Printable(step.started.id.Text())},
                  {"name", Printable(fs::path(path).filename().string())},
                  {"path", Printable(path)},
                  {"link", Link(path)}};
        bool cut = false;
        std::string text = Printable(Content(path, cut));
        if (text.size() <= left) {
          left -= text.size();
          left_ -= text.size();
          file["text"] = std::move(text);
          file["cut"] = cut;
        }
        json["files"].push_back(std::move(file));
      }
    }
  }

  std::string Link(const std::string& path) const {
    std::error_code error;
    const fs::path folder = fs::absolute(sources_.file, error).parent_path();
    const fs::path relative = fs::absolute(path, error).lexically_relative(folder);
    return Printable(relative.empty() ? path : relative.string());
  }

  // At most limits_.file bytes: of a log or output the end, where the reason stands.
  std::string Content(const std::string& path, bool& cut) const {
    std::ifstream in(path, std::ios::binary);
    in.seekg(0, std::ios::end);
    const auto size = static_cast<std::streamoff>(in.tellg());
    const auto most = static_cast<std::streamoff>(limits_.file);
    const fs::path extension = fs::path(path).extension();
    const bool tail = extension == ".log" || extension == ".txt";
    if (!in || size <= 0) return "";
    cut = size > most;
    in.seekg(cut && tail ? size - most : 0);
    std::string text(static_cast<size_t>(std::min(size, most)), '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<size_t>(in.gcount()));
    return text;
  }

  static Json HistoryData(const HistoryDigest& history) {
    Json json{{"runs", history.runs},
              {"tests", Json::array()},
              {"slow", Json::array()},
              {"advice", Json::array()}};
    for (const auto& test : history.tests)
      json["tests"].push_back({{"suite", Printable(test.suite)},
                               {"name", Printable(test.test)},
                               {"ran", test.ran},
                               {"failed", test.failed},
                               {"flaky", test.flaky},
                               {"last", test.last}});
    for (const auto& step : history.slowest)
      json["slow"].push_back({{"test", Printable(step.test)},
                              {"step", Printable(step.step)},
                              {"median", Milliseconds(step.median)},
                              {"longest", Milliseconds(step.longest)},
                              {"ran", step.ran}});
    for (const std::string& line : history.advice) json["advice"].push_back(Printable(line));
    return json;
  }

  const HtmlSources& sources_;
  const HtmlLimits& limits_;
  size_t left_;
};

}  // namespace

Json HtmlData(const HtmlSources& sources, const HtmlLimits& limits) {
  return Builder(sources, limits).Build();
}

}  // namespace report
