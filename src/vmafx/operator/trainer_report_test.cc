#include "vmafx/operator/trainer_report.h"

#include <random>

#include <gtest/gtest.h>

#include "value/json.h"

namespace vmafx::operators {
namespace {

constexpr char kWhole[] = R"({"phase": "running", "current_samples": 17,
    "last_checkpoint_time": "2026-01-01T10:00:00Z", "model_version": "v000003",
    "model_digest": "sha256:00", "last_stability_gate_result": "Passed", "message": "learning",
    "revision": 42, "more": [1]})";

TEST(TrainerReportTest, ReadsWhatATrainerSays) {
  auto report = ReadTrainerReport(kWhole);

  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->phase, "Running");
  EXPECT_EQ(report->current_samples, 17);
  EXPECT_EQ(report->last_checkpoint, "2026-01-01T10:00:00Z");
  EXPECT_EQ(report->model_version, "v000003");
  EXPECT_EQ(report->model_digest, "sha256:00");
  EXPECT_EQ(report->last_stability_gate_result, "Passed");
  EXPECT_EQ(report->message, "learning");
  EXPECT_EQ(report->revision, 42);
}

TEST(TrainerReportTest, TakesAnUnknownPhaseForInitializing) {
  for (const auto& [word, phase] :
       std::vector<std::pair<std::string, std::string>>{{"paused", "Paused"},
                                                        {"failed", "Failed"},
                                                        {"initializing", "Initializing"},
                                                        {"dreaming", "Initializing"},
                                                        {"", "Initializing"}}) {
    EXPECT_EQ(ReadTrainerReport(R"({"phase": ")" + word + "\"}")->phase, phase);
  }
  EXPECT_EQ(ReadTrainerReport(R"({"last_checkpoint_time": null})")->last_checkpoint, "");
}

TEST(TrainerReportTest, RefusesWhatItCannotBelieve) {
  for (const std::string& body :
       {std::string(), std::string("ok"), std::string("[]"), std::string("null"),
        std::string(R"({"phase": 7})"), std::string(R"({"current_samples": -1})"),
        std::string(R"({"current_samples": 1.5})"), std::string(R"({"current_samples": "1"})"),
        std::string(R"({"current_samples": 99999999999})"),
        std::string(R"({"revision": 18446744073709551615})"), std::string(R"({"revision": -1})"),
        std::string(R"({"last_checkpoint_time": "yesterday"})"),
        std::string(R"({"last_checkpoint_time": 1767261600})"),
        R"({"model_version": ")" + std::string(300, 'v') + "\"}"}) {
    EXPECT_TRUE(ReadTrainerReport(body).Is(base::Code::kInvalid)) << body;
  }
}

TEST(TrainerReportTest, CutsALongMessageBetweenTwoCharacters) {
  std::string message = "x";
  for (int i = 0; i < 1000; ++i) message += "\u00e4";

  auto report = ReadTrainerReport(value::Json{{"message", message}}.dump());

  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->message, message.substr(0, 1023));
}

TEST(TrainerReportTest, SurvivesAnyBody) {
  std::mt19937 random(3);
  const std::string whole = kWhole;
  for (int round = 0; round < 5000; ++round) {
    std::string body = whole;
    for (auto edits = 1 + random() % 4; edits > 0; --edits) {
      body[random() % body.size()] = static_cast<char>(random());
    }
    auto report = ReadTrainerReport(body.substr(0, random() % (body.size() + 1)));
    if (report.ok()) {
      EXPECT_GE(report->current_samples, 0);
      EXPECT_GE(report->revision, 0);
    }
  }
}

}  // namespace
}  // namespace vmafx::operators
