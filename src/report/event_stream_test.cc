#include "report/event_stream.h"

#include <fstream>
#include <iterator>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "report/testing/synthetic_run.h"
#include "sys/testing/places.h"

namespace report {
namespace {

using value::Json;

std::vector<Json> Events(const std::string& text) {
  std::vector<Json> events;
  for (const std::string& line : base::Split(text, '\n'))
    if (!line.empty()) events.push_back(*value::ParseJson(line));
  return events;
}

std::string Told() {
  std::ostringstream out;
  EventStream stream(out, "events");
  testing::TellSyntheticRun(stream);
  return out.str();
}

TEST(EventStreamTest, PrintsARunAsTheGoldenFile) {
  std::ifstream in(sys::testing::SourceFolder() / "test/golden/events.jsonl");
  const std::string golden{std::istreambuf_iterator<char>(in), {}};

  EXPECT_EQ(Told(), golden);
}

TEST(EventStreamTest, IsOneObjectALineThatSaysWhatAndWhen) {
  const std::vector<Json> events = Events(Told());

  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.front()["event"], "run-started");
  EXPECT_EQ(events.front()["version"], 1);
  EXPECT_EQ(events.front()["time"], "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(events.back()["event"], "run-ended");
  EXPECT_EQ(events.back()["at"], 61.26);
  for (const Json& event : events) {
    EXPECT_TRUE(event["event"].is_string());
    EXPECT_TRUE(event["time"].is_string());
    EXPECT_TRUE(event["at"].is_number());
  }
}

TEST(EventStreamTest, CarriesFailuresWhole) {
  for (const Json& event : Events(Told())) {
    if (event["event"] != "step-ended" || event["verdict"] != "failed") continue;
    EXPECT_EQ(event["failures"].size(), 2u);
    EXPECT_EQ(event["failures"][0]["line"], 12);
    EXPECT_TRUE(event["failures"][0].contains("diff"));
    return;
  }
  FAIL() << "no failed step was told";
}

TEST(EventStreamTest, SaysWhenItCouldNotBeWritten) {
  std::ofstream out("/dev/full");
  EventStream stream(out, "events.jsonl");
  EXPECT_TRUE(stream.Check().ok());

  testing::TellSyntheticRun(stream);

  ASSERT_FALSE(stream.Check().ok());
  EXPECT_EQ(stream.Check().error().message(), "the event stream events.jsonl could not be written");
}

}  // namespace
}  // namespace report
