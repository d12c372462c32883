#include "report/junit.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/testing/synthetic_run.h"
#include "sys/files.h"
#include "sys/testing/places.h"
#include "value/json.h"

namespace report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using trial::Verdict;

RunRecord SyntheticRun() {
  Recorder recorder;
  testing::TellSyntheticRun(recorder);
  return recorder.record();
}

std::string ReadFile(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// A file of test/golden. When a report is meant to change: SEATRIAL_UPDATE_GOLDEN=1 writes it anew.
void ExpectGolden(const std::string& name, const std::string& text) {
  const auto file = sys::testing::SourceFolder() / "test" / "golden" / name;
  if (std::getenv("SEATRIAL_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(WriteReport(file, text).ok());
  }
  EXPECT_EQ(ReadFile(file), text) << "compared with test/golden/" << name;
}

TEST(JUnitTest, PrintsARunByStepsAsTheGoldenFile) {
  ExpectGolden("junit-step.xml", FormatJUnit(MakeResults(SyntheticRun(), Granularity::kStep)));
}

TEST(JUnitTest, PrintsARunByTestsAsTheGoldenFile) {
  ExpectGolden("junit-test.xml", FormatJUnit(MakeResults(SyntheticRun(), Granularity::kTest)));
}

TEST(JsonReportTest, PrintsARunByStepsAsTheGoldenFile) {
  const std::string text = FormatJson(MakeResults(SyntheticRun(), Granularity::kStep));

  EXPECT_TRUE(value::ParseJson(text).ok());
  ExpectGolden("report-step.json", text);
}

TEST(JsonReportTest, PrintsARunByTestsAsTheGoldenFile) {
  ExpectGolden("report-test.json", FormatJson(MakeResults(SyntheticRun(), Granularity::kTest)));
}

TEST(ResultsTest, CountsCasesOfAllLevels) {
  const SuiteResult results = MakeResults(SyntheticRun(), Granularity::kStep);

  const trial::Totals totals = results.Count();

  EXPECT_EQ(totals.passed, 4);
  EXPECT_EQ(totals.failed, 2);
  EXPECT_EQ(totals.errored, 1);
  EXPECT_EQ(totals.skipped, 2);
}

TEST(ResultsTest, MakesATestFailWhenItsCleanupDid) {
  const SuiteResult results = MakeResults(SyntheticRun(), Granularity::kTest);

  const CaseResult& config = results.suites[0].cases[0];
  EXPECT_EQ(config.name, "config");
  EXPECT_EQ(config.verdict, Verdict::kFailed);
  EXPECT_THAT(config.text, HasSubstr("namespace trial-a is still there"));
}

TEST(ResultsTest, NeverLooksGoodWhenTheRunWasCutOff) {
  Recorder recorder;
  recorder.OnRunStarted({}, {});

  const SuiteResult results = MakeResults(recorder.record(), Granularity::kStep);

  EXPECT_EQ(results.Count().errored, 1);
  EXPECT_EQ(results.suites[0].cases[0].message, "the run was cut off");
}

TEST(ResultsTest, MakesACaseOfWhatFailedOutsideOfTests) {
  Recorder recorder;
  recorder.OnRunStarted({}, {});
  trial::RunEnded end;
  end.verdict = Verdict::kErrored;
  end.failures.resize(1);
  end.failures[0].message = "crds/job.yaml: conflict";
  recorder.OnRunEnded(end, {});

  const SuiteResult results = MakeResults(recorder.record(), Granularity::kTest);

  EXPECT_EQ(results.Count().errored, 1);
  EXPECT_THAT(FormatJUnit(results), HasSubstr("<error message=\"crds/job.yaml: conflict\""));
}

TEST(ResultsTest, ReportsTheStepsOfATestThatNeverRanAsSkipped) {
  Recorder recorder;
  const trial::TestId id{"s", "t"};
  recorder.OnRunStarted({}, {});
  recorder.OnSuiteStarted({"s", 1}, {});
  recorder.OnTestStarted({id, "", "", 2}, {});
  recorder.OnTestEnded({id, Verdict::kSkipped, {}}, {});
  recorder.OnRunEnded({}, {});

  EXPECT_EQ(MakeResults(recorder.record(), Granularity::kStep).Count().skipped, 2);
  EXPECT_EQ(MakeResults(recorder.record(), Granularity::kTest).Count().skipped, 1);
}

TEST(WriteReportTest, MakesFoldersAndLeavesNoPartBehind) {
  const sys::TempDir temp = *sys::TempDir::Make("report-test");
  const std::filesystem::path folder = temp.path() / "deep";

  ASSERT_TRUE(WriteReport(folder / "a.xml", "one").ok());
  ASSERT_TRUE(WriteReport(folder / "a.xml", "two").ok());

  EXPECT_EQ(ReadFile(folder / "a.xml"), "two");
  EXPECT_FALSE(std::filesystem::exists(folder / "a.xml.part"));
  const auto failed = WriteReport(folder / "a.xml" / "b.xml", "x");
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message(), HasSubstr("cannot write the report"));
}

}  // namespace
}  // namespace report
