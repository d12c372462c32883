#include "vmafx/api/feedback.h"

#include <string>

#include <gtest/gtest.h>

namespace vmafx::api {
namespace {

TEST(FeedbackTest, ASampleReadsBackTheSame) {
  const FeedbackSample sample{"job-1", {0.1, 1.0 / 3, 1e-300, -7}, 46.85448580347808, "team-a"};
  const auto read = ReadSample(WriteSample(sample));
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->job_id, sample.job_id);
  EXPECT_EQ(read->features, sample.features);
  EXPECT_EQ(read->true_score, sample.true_score);
  EXPECT_EQ(read->ns, sample.ns);
  EXPECT_EQ(WriteSample(sample).find('\n'), std::string::npos);
}

TEST(FeedbackTest, AReplyReadsBackTheSame) {
  FeedbackReply reply;
  reply.ok = true;
  reply.job_id = "job-1";
  reply.step = 17;
  reply.trained = true;
  reply.loss = 0.25;
  const auto read = ReadReply(WriteReply(reply));
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(WriteReply(*read), WriteReply(reply));
  const auto refused = ReadReply(R"({"ok": false, "error": "features has 3 numbers"})");
  ASSERT_TRUE(refused.ok());
  EXPECT_EQ(refused->error, "features has 3 numbers");
}

TEST(FeedbackTest, NamesTheFieldOfABadSample) {
  const auto problem = [](std::string_view line) { return ReadSample(line).error().message(); };
  EXPECT_EQ(problem("[]"), "not a JSON object");
  EXPECT_EQ(problem(R"({"features": [1], "true_score": 1})"), "job_id is missing");
  EXPECT_EQ(problem(R"({"job_id": 1, "features": [1], "true_score": 1})"),
            "job_id is not a string");
  EXPECT_EQ(problem(R"({"job_id": "a", "true_score": 1})"), "features is not a list of numbers");
  EXPECT_EQ(problem(R"({"job_id": "a", "features": [1, "x"], "true_score": 1})"),
            "features[1] is not a number");
  EXPECT_EQ(problem(R"({"job_id": "a", "features": [1]})"), "true_score is missing");
  EXPECT_FALSE(ReadSample(R"({"job_id": "a", "features": [1e999], "true_score": 1})").ok());
  EXPECT_FALSE(ReadSample(R"({"job_id": "a", "features": [NaN], "true_score": 1})").ok());
  EXPECT_EQ(problem(std::string(kMostFeedbackLine + 1, ' ')),
            "the line is longer than 65536 bytes");
}

TEST(FeedbackTest, SurvivesEveryCutAndFlipOfALine) {
  const std::string line = WriteSample({"job-1", {0.5, 2}, 46.8, "ns"});
  for (size_t i = 0; i < line.size(); ++i) {
    EXPECT_FALSE(ReadSample(line.substr(0, i)).ok()) << i;
    for (const char byte : {'\0', '"', '{', '9', '\xff'}) {
      std::string flipped = line;
      flipped[i] = byte;
      (void)ReadSample(flipped);
      (void)ReadReply(flipped);
    }
  }
}

TEST(FeedbackTest, OnlyTrainersOfTheNamespaceAreTrainerAddresses) {
  EXPECT_EQ(TrainerHost("online", "team-a"), "vmafx-trainer-online.team-a.svc");
  EXPECT_TRUE(IsTrainerAddress("vmafx-trainer-online.team-a.svc:9092", "team-a"));
  for (const char* address :
       {"vmafx-trainer-online.team-b.svc:9092", "vmafx-trainer-online.team-a.svc:80",
        "vmafx-trainer-x.team-b.svc.team-a.svc:9092", "example.org:9092",
        "vmafx-trainer-.team-a.svc:9092", "vmafx-trainer-a/b.team-a.svc:9092", ""}) {
    EXPECT_FALSE(IsTrainerAddress(address, "team-a")) << address;
  }
}

}  // namespace
}  // namespace vmafx::api
