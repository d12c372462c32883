#include "report/html_report.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/html/assets.h"
#include "report/testing/synthetic_run.h"

namespace report {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using trial::Verdict;
using value::Json;

// What a listener pair knows of a run.
struct Known {
  Recorder recorder;
  Timeline timeline;
  std::vector<trial::Listener*> Listeners() { return {&recorder, &timeline}; }
  HtmlSources Sources() const { return {recorder.record(), timeline, nullptr, "out/report.html"}; }
};

void TellSynthetic(Known& known) {
  testing::TellSyntheticRun(known.recorder);
  testing::TellSyntheticRun(known.timeline);
}

// A run of one failed test with all names and texts `text`.
void TellOne(Known& known, const std::string& text, std::vector<std::string> collected = {}) {
  const trial::TestId id{text, text};
  const trial::StepId step{id, 0, text};
  trial::Failure failure;
  failure.file = failure.message = failure.diff = failure.expected = failure.found = text;
  failure.details = failure.cause = {text, text};
  for (trial::Listener* listener : known.Listeners()) {
    trial::RunStarted run;
    run.run = run.name = run.server = run.context = text;
    listener->OnRunStarted(run, {});
    listener->OnSuiteStarted({text, 1}, {});
    listener->OnTestStarted({id, text, text, 1}, {});
    listener->OnStepStarted({step, text, {}, 1}, {});
    listener->OnLogLine({step, trial::Severity::kWarning, text, 1, 1, text}, {});
    listener->OnWaitProgress({step, text, text, text, 0, 1, {}, {}}, {});
    listener->OnStepEnded({step, Verdict::kFailed, {failure}, collected, 1, {}}, {});
    listener->OnTestEnded({id, Verdict::kFailed, {}}, {});
    listener->OnSighting({id, trial::Sighting::What::kEvent, text, text, text, {}, {}}, {});
    listener->OnCleanupEnded({id, text, Verdict::kFailed, {failure}, {}}, {});
    listener->OnRunEnded({{0, 1, 0, 0}, Verdict::kFailed, false, {failure}, {}, {}}, {});
  }
}

size_t Count(const std::string& text, const std::string& word) {
  size_t count = 0;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

// The data as a browser reads it: the text of the script element.
std::string DataOf(const std::string& html) {
  const std::string open = R"(<script type="application/json" id="data">)";
  const size_t begin = html.find(open) + open.size();
  return html.substr(begin, html.find("</script", begin) - begin);
}

TEST(HtmlReportTest, CarriesARunWhole) {
  Known known;
  TellSynthetic(known);

  const Json data = HtmlData(known.Sources());

  ASSERT_EQ(data["tests"].size(), 3u);
  const Json& web = data["tests"][2];
  EXPECT_EQ(web["name"], "web");
  EXPECT_EQ(web["verdict"], "failed");
  EXPECT_EQ(web["steps"][2]["failures"][0]["place"], "tests/e2e/web/01-assert.yaml:12");
  EXPECT_THAT(web["steps"][2]["failures"][0]["diff"], HasSubstr("-  image: a&b"));
  EXPECT_EQ(web["steps"][2]["begin"], 570);
  EXPECT_THAT(web["timeline"],
              Contains(Json::array({2000, "log", "Pod", "web-5d/app", "listening on :80", 0})));
  EXPECT_EQ(data["run"]["totals"]["errored"], 1);
}

TEST(HtmlReportTest, IsOneFileThatAsksForNothingElse) {
  Known known;
  TellSynthetic(known);

  const std::string html = FormatHtml(known.Sources());

  for (const char* outside :
       {"src=", "<link rel=\"stylesheet", "@import", "url(", "http-equiv=\"refresh"})
    EXPECT_EQ(Count(html, outside), 0u) << outside;
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  EXPECT_THAT(html, HasSubstr(std::string(html::Script())));
  EXPECT_THAT(html, HasSubstr(std::string(html::Style())));
}

TEST(HtmlReportTest, EscapesWhatUsersWrite) {
  for (const char* text :
       {"</script><script>alert(1)</script>", "<!--", "\"><img src=x onerror=a()>", "{{data}}",
        "</title></noscript><b>", "\xFF\x1b[31m&amp;"}) {
    Known known;
    TellOne(known, text);

    const std::string html = FormatHtml(known.Sources());

    EXPECT_EQ(Count(html, "<script"), 2u) << text;
    EXPECT_EQ(Count(html, "</script"), 2u) << text;
    EXPECT_EQ(Count(html, "<!--"), 0u) << text;
    EXPECT_EQ(Count(html, "<img"), 0u) << text;
    EXPECT_EQ(Count(html, "<b>"), 0u) << text;
    EXPECT_EQ(Count(html, "</title>"), 1u) << text;
    EXPECT_TRUE(value::ParseJson(DataOf(html)).ok()) << text;
  }
}

TEST(HtmlReportTest, GivesBackTheTextAsItWas) {
  const std::string text = "</script> <!-- \"caf\xC3\xA9\" & 'x' {{title}}";
  Known known;
  TellOne(known, text);

  const Json data = *value::ParseJson(DataOf(FormatHtml(known.Sources())));

  EXPECT_EQ(data["tests"][0]["name"], text);
  EXPECT_EQ(data["tests"][0]["steps"][0]["failures"][0]["cause"][1], text);
}

class HtmlFilesTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_ / "web"); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string File(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / "web" / name) << text;
    return (folder_ / "web" / name).string();
  }
  Json FilesOf(const std::vector<std::string>& paths, const HtmlLimits& limits) {
    Known known;
    TellOne(known, "x", paths);
    HtmlSources sources = known.Sources();
    sources.file = folder_ / "report.html";
    return HtmlData(sources, limits)["tests"][0]["files"];
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / ("html_files_" + std::to_string(getpid()));
};

TEST_F(HtmlFilesTest, PutsInWhatWasCollectedAndLinksItRelatively) {
  const Json files = FilesOf({File("a.yaml", "kind: Pod")}, {});

  EXPECT_EQ(files[0]["text"], "kind: Pod");
  EXPECT_EQ(files[0]["link"], "web/a.yaml");
  EXPECT_EQ(files[0]["cut"], false);
}

TEST_F(HtmlFilesTest, KeepsTheEndOfALogAndTheBeginningOfAnObject) {
  const Json files =
      FilesOf({File("a.log", "0123456789"), File("b.yaml", "0123456789")}, {.file = 4});

  EXPECT_EQ(files[0]["text"], "6789");
  EXPECT_EQ(files[1]["text"], "0123");
  EXPECT_EQ(files[1]["cut"], true);
}

TEST_F(HtmlFilesTest, OnlyLinksWhatDoesNotFitOrIsGone) {
  const Json files = FilesOf({File("a.yaml", "0123456789"), File("b.yaml", "x"), "/no/such/file"},
                             {.files_of_test = 5});

  EXPECT_FALSE(files[0].contains("text"));
  EXPECT_EQ(files[1]["text"], "x");
  EXPECT_EQ(files[2]["text"], "");
}

TEST(HtmlReportTest, LeavesOutTimelinesOfPassedTestsFirstWhenItWouldBeTooLarge) {
  Known known;
  const std::string text(300, 'x');
  for (trial::Listener* listener : known.Listeners()) {
    listener->OnSuiteStarted({"s", 2}, {});
    for (const Verdict verdict : {Verdict::kPassed, Verdict::kFailed}) {
      const trial::TestId id{"s", std::string(ToString(verdict))};
      listener->OnTestStarted({id, "", "", 0}, {});
      listener->OnLogLine({{id, 0, "step"}, trial::Severity::kInfo, "", 0, 0, text}, {});
      listener->OnTestEnded({id, verdict, {}}, {});
      listener->OnCleanupEnded({id, "", Verdict::kPassed, {}, {}}, {});
    }
  }

  const Json tests = HtmlData(known.Sources(), {.bytes = 500})["tests"];

  EXPECT_EQ(tests[1]["timeline"].size(), 1u);
  EXPECT_EQ(tests[0]["timeline"].size(), 0u);
  EXPECT_THAT(tests[0]["leftOut"][0], HasSubstr("this file would be too large"));
}

TEST(HtmlReportTest, ShowsAHistoryWhenThereIsOne) {
  Known known;
  TellSynthetic(known);
  HistoryDigest digest;
  digest.runs = 3;
  digest.tests = {{"./tests/e2e", "web", 3, 1, true, "PFP"}};
  digest.advice = {"web 1-: took up to 29.0 s"};
  HtmlSources sources = known.Sources();
  sources.history = &digest;

  const Json data = HtmlData(sources);

  EXPECT_EQ(data["history"]["tests"][0]["last"], "PFP");
  EXPECT_EQ(data["history"]["advice"][0], "web 1-: took up to 29.0 s");
  EXPECT_FALSE(HtmlData(known.Sources()).contains("history"));
}

TEST(HtmlReportTest, NeverLooksGoodWhenTheRunWasCutOff) {
  Known known;
  known.recorder.OnRunStarted({}, {});

  EXPECT_EQ(HtmlData(known.Sources())["run"]["verdict"], "errored");
}

}  // namespace
}  // namespace report
