#include "vmafx/trainer/course.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/files.h"
#include "vmafx/trainer/testing/samples.h"

namespace vmafx::trainer {
namespace {

using testing::HasSubstr;

class CourseTest : public testing::Test {
 protected:
  void SetUp() override {
    auto folder = sys::TempDir::Make("course-test");
    ASSERT_TRUE(folder.ok());
    folder_ = *std::move(folder);
  }

  Course Open(const std::string& base = "vmaf_v0.6.1", Retention retention = {}, Knobs knobs = {}) {
    auto store = Store::Open(folder_->path() / "trainer.db", retention);
    EXPECT_TRUE(store.ok()) << store.error().message();
    Course course(*std::move(store), {base, Student::Prior(1)}, knobs);
    const auto loaded = course.Load();
    EXPECT_TRUE(loaded.ok()) << loaded.error().message();
    return course;
  }

  static api::FeedbackSample Feedback(const Sample& sample, const std::string& job) {
    return {job, sample.features, sample.score, "films"};
  }

  // In one transaction, as the trainer does it.
  static std::vector<api::FeedbackReply> AddAll(Course& course, const std::vector<Sample>& samples,
                                                const std::string& prefix) {
    std::vector<api::FeedbackReply> replies;
    EXPECT_TRUE(course.store().Begin().ok());
    for (size_t i = 0; i < samples.size(); ++i) {
      auto reply = course.Add(Feedback(samples[i], prefix + std::to_string(i)));
      EXPECT_TRUE(reply.ok()) << reply.error().message();
      replies.push_back(*std::move(reply));
    }
    EXPECT_TRUE(course.SaveLearner().ok());
    EXPECT_TRUE(course.store().Commit().ok());
    return replies;
  }

  static JudgedCheckpoint JudgedNow(const Course& course, int64_t version) {
    const Candidate candidate = course.MakeCandidate();
    JudgedCheckpoint judged{.student = candidate.student, .samples = candidate.samples};
    judged.verdict = Judge(candidate.student, candidate.last, candidate.held_out, candidate.known);
    judged.version = version;
    judged.tag = "v" + std::to_string(version);
    judged.digest = "sha256:" + std::to_string(version);
    judged.at = "2026-01-01T00:00:00Z";
    return judged;
  }

  static void Record(Course& course, const JudgedCheckpoint& judged) {
    ASSERT_TRUE(course.store().Begin().ok());
    const auto recorded = course.Record(judged);
    ASSERT_TRUE(recorded.ok()) << recorded.error().message();
    ASSERT_TRUE(course.store().Commit().ok());
  }

  std::optional<sys::TempDir> folder_;
};

TEST_F(CourseTest, CountsAJobOnceAlsoAfterARestart) {
  const std::vector<Sample> samples = MakeSamples(3, 1);
  {
    Course course = Open();
    const auto replies = AddAll(course, samples, "job");
    EXPECT_TRUE(replies[0].trained);
    EXPECT_EQ(AddAll(course, samples, "job")[0].trained, false);
    EXPECT_EQ(course.counted(), 3);
  }
  Course course = Open();
  const auto again = AddAll(course, samples, "job");

  EXPECT_EQ(course.counted(), 3);
  EXPECT_TRUE(again[0].ok);
  EXPECT_FALSE(again[0].trained);
  EXPECT_EQ(course.duplicates(), 3);
}

TEST_F(CourseTest, TrainsOnTheFirstSampleAndHoldsEveryFifthOut) {
  Course course = Open();
  const auto replies = AddAll(course, MakeSamples(10, 1), "job");

  std::vector<bool> trained;
  for (const auto& reply : replies) trained.push_back(reply.trained);
  EXPECT_EQ(trained, (std::vector<bool>{1, 1, 1, 1, 0, 1, 1, 1, 1, 0}));
  EXPECT_EQ(course.held_out(), 2u);
  EXPECT_EQ(course.replay(), 8u);
}

TEST_F(CourseTest, IsTheSameAfterARestart) {
  const std::vector<Sample> unseen = MakeSamples(10, 9);
  std::vector<double> before;
  {
    Course course = Open();
    AddAll(course, MakeSamples(30, 1), "a");
    for (const Sample& sample : unseen) {
      before.push_back(course.learner().average().Predict(sample.features));
    }
  }
  Course course = Open();

  EXPECT_EQ(course.counted(), 30);
  EXPECT_EQ(course.held_out(), 6u);
  EXPECT_EQ(course.replay(), 24u);
  for (size_t i = 0; i < unseen.size(); ++i) {
    EXPECT_EQ(course.learner().average().Predict(unseen[i].features), before[i]);
  }
}

TEST_F(CourseTest, ForgetsWhatWasRolledBack) {
  Course course = Open();
  AddAll(course, MakeSamples(4, 1), "kept");
  ASSERT_TRUE(course.store().Begin().ok());
  ASSERT_TRUE(course.Add(Feedback(MakeSamples(1, 2).front(), "lost")).ok());
  course.store().Rollback();

  ASSERT_TRUE(course.Load().ok());

  EXPECT_EQ(course.counted(), 4);
  EXPECT_EQ(course.learner().samples(), 4);
  EXPECT_FALSE(*course.store().IsKnown("lost"));
}

TEST_F(CourseTest, RefusesOtherFeaturesAndImpossibleScores) {
  Course course = Open();
  api::FeedbackSample few = Feedback(MakeSamples(1, 1).front(), "job");
  api::FeedbackSample high = few;
  few.features.pop_back();
  high.true_score = 100.1;

  EXPECT_EQ(course.Add(few).error().message(), "26 features, this trainer takes 27");
  EXPECT_EQ(course.Add(high).error().message(), "true_score is 100.1, want 0 to 100");
  EXPECT_EQ(course.counted(), 0);
}

TEST_F(CourseTest, KeepsNoMoreThanItMay) {
  Knobs knobs;
  knobs.replay_capacity = 10;
  knobs.steps_per_sample = 1;
  const Retention retention{.replay = 10, .held_out = 3, .known_jobs = 30};
  {
    Course course = Open("vmaf_v0.6.1", retention, knobs);
    AddAll(course, MakeSamples(50, 1), "job");
    EXPECT_EQ(course.replay(), 10u);
    EXPECT_EQ(course.evictions(), 30);
  }
  Course course = Open("vmaf_v0.6.1", retention, knobs);

  EXPECT_EQ(course.counted(), 50);
  EXPECT_EQ(course.replay(), 10u);
  EXPECT_EQ(course.held_out(), 3u);
  EXPECT_FALSE(*course.store().IsKnown("job19"));  // its sample had number 20
  EXPECT_TRUE(*course.store().IsKnown("job20"));
}

TEST_F(CourseTest, BeginsAnewFromAnotherBaseModelButCountsOn) {
  {
    Course course = Open();
    AddAll(course, MakeSamples(20, 1), "job");
  }
  Course course = Open("registry.films.svc:5000/models/vmafx:v000007");

  EXPECT_EQ(course.learner().steps(), 0);
  EXPECT_EQ(course.counted(), 20);
  EXPECT_EQ(course.replay(), 16u);
  EXPECT_FALSE(AddAll(course, MakeSamples(1, 1), "job")[0].trained);
}

TEST_F(CourseTest, KeepsTheBaseModelThatItBeganWith) {
  Course course = Open("registry.films.svc:5000/models/vmafx:v000007");

  EXPECT_TRUE(Course::KeptBase(course.store(), "registry.films.svc:5000/models/vmafx:v000007")
                  ->has_value());
  EXPECT_FALSE(Course::KeptBase(course.store(), "vmaf_v0.6.1")->has_value());
}

TEST_F(CourseTest, StopsAPoisonedBatchAndRecoversFromIt) {
  Course course = Open();
  const std::vector<Sample> unseen = MakeSamples(40, 77);
  const auto plcc = [&] {
    std::vector<double> predicted, truth;
    for (const Sample& sample : unseen) {
      predicted.push_back(course.learner().average().Predict(sample.features));
      truth.push_back(sample.score);
    }
    return Plcc(predicted, truth);
  };
  AddAll(course, MakeSamples(100, 1), "good");
  Record(course, JudgedNow(course, 1));
  ASSERT_EQ(course.record().gate_result, "Passed") << course.record().message;
  const double stable = plcc();
  std::vector<Sample> poison = MakeSamples(60, 2);
  for (Sample& sample : poison) sample.score = 100 - sample.score;
  AddAll(course, poison, "poison");
  ASSERT_LT(plcc(), stable - 0.05);

  Record(course, JudgedNow(course, 2));

  EXPECT_EQ(course.record().gate_result, "Rejected");
  EXPECT_EQ(course.record().model_version, "v1");  // the last stable one stays
  EXPECT_EQ(course.record().version, 2);
  EXPECT_NEAR(plcc(), stable, 1e-9);
  EXPECT_GT(course.record().quarantined, 30);
  EXPECT_EQ(course.counted(), 160);

  AddAll(course, MakeSamples(40, 3), "more");
  Record(course, JudgedNow(course, 3));
  EXPECT_EQ(course.record().gate_result, "Passed") << course.record().message;
  EXPECT_GT(plcc(), stable - 0.01);
}

TEST_F(CourseTest, RemembersCheckpointsOverARestart) {
  CheckpointRecord record;
  {
    Course course = Open();
    AddAll(course, MakeSamples(60, 1), "job");
    Record(course, JudgedNow(course, 4));
    record = course.record();
    EXPECT_EQ(record.stable_version, "v4");
  }
  Course course = Open();

  EXPECT_EQ(course.record(), record);
  EXPECT_EQ(course.MakeCandidate().known, 12u);
}

TEST_F(CourseTest, NeverKeepsAModelThatIsNotFinite) {
  Course course = Open();
  AddAll(course, MakeSamples(10, 1), "job");
  JudgedCheckpoint judged = JudgedNow(course, 0);
  judged.student.offset = std::nan("");
  judged.verdict.result = GateResult::kRejected;

  Record(course, judged);

  EXPECT_TRUE(course.learner().average().Finite());
  EXPECT_EQ(course.record().model_version, "");
}

TEST_F(CourseTest, RefusesStateOfANewerVersion) {
  {
    auto database = sqlite::Database::Open(folder_->path() / "trainer.db");
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE(database->Run("PRAGMA user_version=9").ok());
  }
  const auto store = Store::Open(folder_->path() / "trainer.db", {});

  EXPECT_THAT(store.error().message(), HasSubstr("the state is of version 9"));
}

}  // namespace
}  // namespace vmafx::trainer
