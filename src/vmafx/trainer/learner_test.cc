#include "vmafx/trainer/learner.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vmafx/trainer/gate.h"
#include "vmafx/trainer/testing/samples.h"

namespace vmafx::trainer {
namespace {

using testing::HasSubstr;

struct Lesson {
  explicit Lesson(Knobs knobs = {})
      : learner(Student::Prior(knobs.seed), knobs), replay(knobs.replay_capacity) {}

  Learner::Learnt Teach(const Sample& sample) {
    replay.Add(sample);
    return learner.Learn(replay);
  }
  void TeachAll(const std::vector<Sample>& samples) {
    for (const Sample& sample : samples) Teach(sample);
  }

  Learner learner;
  Replay replay;
};

double PlccOn(const Student& student, const std::vector<Sample>& samples) {
  std::vector<double> predicted, truth;
  for (const Sample& sample : samples) {
    predicted.push_back(student.Predict(sample.features));
    truth.push_back(sample.score);
  }
  return Plcc(predicted, truth);
}

double Error(const Student& student, const Sample& sample) {
  return std::fabs(student.Predict(sample.features) - sample.score);
}

TEST(StudentTest, KeepsItsFunctionWhenItIsRestandardised) {
  Lesson lesson;
  lesson.TeachAll(MakeSamples(30, 1));
  const Student before = lesson.learner.average();
  Student after = before;

  after.Restandardise(before.mean + 0.3 * before.scale, before.scale * 1.3, 20, 11);

  for (const Sample& sample : MakeSamples(20, 2)) {
    EXPECT_NEAR(after.Predict(sample.features), before.Predict(sample.features), 1e-6);
  }
}

TEST(StudentTest, GivesTheSameWeightsBack) {
  Student student = Student::Prior(3);
  const Eigen::VectorXd weights = student.Weights() * 2;

  student.SetWeights(weights);

  EXPECT_EQ(student.Weights(), weights);
}

TEST(StudentTest, RefusesStoredNumbersThatAreNone) {
  const std::vector<double> good = SaveStudent(Student::Prior(1));
  for (size_t cut = 0; cut < good.size(); cut += 7) {
    std::span<const double> numbers(good.data(), cut);
    EXPECT_FALSE(LoadStudent(numbers).ok()) << cut;
  }
  for (const double bad : {-1.0, 0.0, 1e300, std::nan(""), 4097.0}) {
    std::vector<double> hostile = good;
    hostile[0] = bad;
    std::span<const double> numbers(hostile);
    EXPECT_FALSE(LoadStudent(numbers).ok()) << bad;
  }
}

TEST(LearnerTest, LiesNearerTheTruthOfItsFirstSampleThanTheBaseDid) {
  const Student base = Student::Prior(1);
  for (const Sample& sample : MakeSamples(300, 5)) {
    for (const double score : {sample.score, 0.0, 100.0, 50.0, 99.9}) {
      Sample first = sample;
      first.score = score;
      if (Error(base, first) < 1e-9) continue;
      Lesson lesson;

      lesson.Teach(first);

      ASSERT_LT(Error(lesson.learner.average(), first), Error(base, first)) << score;
    }
  }
}

TEST(LearnerTest, ReachesACorrelationAboveNineTenthsWithTwoHundredSamples) {
  Lesson lesson;
  const std::vector<Sample> unseen = MakeSamples(60, 99);
  const double before = PlccOn(lesson.learner.average(), unseen);

  lesson.TeachAll(MakeSamples(200, 7));

  EXPECT_GT(PlccOn(lesson.learner.average(), unseen), 0.95);
  EXPECT_GT(PlccOn(lesson.learner.average(), unseen), before);
}

TEST(LearnerTest, TeachesAlmostNothingWithTheKnobsOfTheContract) {
  Knobs contract;
  contract.optimizer = Optimizer::kSgd;
  contract.step_size = 1e-4;
  contract.warm_up = 100;
  contract.ema_decay = 0.999;
  contract.weight_decay = 1e-5;
  contract.steps_per_sample = 1;
  Lesson theirs(contract);
  Lesson ours;
  const std::vector<Sample> samples = MakeSamples(200, 7);
  theirs.TeachAll(samples);
  ours.TeachAll(samples);
  const std::vector<Sample> unseen = MakeSamples(60, 99);

  EXPECT_LT(PlccOn(theirs.learner.average(), unseen), PlccOn(ours.learner.average(), unseen));
  EXPECT_TRUE(theirs.learner.average().Finite());
}

TEST(LearnerTest, GivesTheSameModelForTheSameSamples) {
  Lesson one;
  Lesson two;
  one.TeachAll(MakeSamples(50, 3));
  two.TeachAll(MakeSamples(50, 3));

  EXPECT_EQ(one.learner.Save(), two.learner.Save());
}

TEST(LearnerTest, GoesOnAfterARestartAsIfThereHadBeenNone) {
  const std::vector<Sample> samples = MakeSamples(60, 4);
  Lesson straight;
  Lesson first;
  straight.TeachAll(samples);
  first.TeachAll({samples.begin(), samples.begin() + 30});
  Lesson second;
  ASSERT_TRUE(second.learner.Load(first.learner.Save()).ok());
  for (size_t i = 0; i < 30; ++i) second.replay.Add(samples[i]);

  second.TeachAll({samples.begin() + 30, samples.end()});

  EXPECT_EQ(second.learner.Save(), straight.learner.Save());
}

TEST(LearnerTest, RefusesToLoadWhatIsDamaged) {
  Lesson lesson;
  lesson.TeachAll(MakeSamples(5, 4));
  std::vector<double> saved = lesson.learner.Save();
  Lesson other;

  for (size_t cut = 0; cut < saved.size(); cut += 97) {
    EXPECT_FALSE(other.learner.Load({saved.data(), cut}).ok()) << cut;
  }
  saved[40] = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(other.learner.Load(saved).ok());
}

TEST(LearnerTest, StaysFiniteOnHostileNumbers) {
  for (const auto optimizer : {Optimizer::kAdam, Optimizer::kSgd}) {
    Knobs wild;
    wild.optimizer = optimizer;
    wild.step_size = 1;
    wild.most_gradient = 1e6;
    wild.momentum = 0.99;
    Lesson lesson(wild);
    std::vector<Sample> samples = MakeSamples(60, 8);
    for (size_t i = 0; i < samples.size(); ++i) {
      const double huge = i % 2 == 0 ? 1e308 : -1e308;
      if (i % 3 == 0) samples[i].features.assign(samples[i].features.size(), huge);
      samples[i].score = i % 2 == 0 ? 0 : 100;
    }

    lesson.TeachAll(samples);

    EXPECT_TRUE(lesson.learner.average().Finite());
    for (const Sample& sample : samples) {
      EXPECT_TRUE(std::isfinite(lesson.learner.average().Predict(sample.features)));
    }
  }
}

TEST(LearnerTest, StaysFiniteWhenNothingVaries) {
  Lesson lesson;
  const Sample same = MakeSamples(1, 1).front();
  for (int i = 0; i < 200; ++i) lesson.Teach(same);

  EXPECT_NEAR(lesson.learner.average().Predict(same.features), same.score, 1);
  for (const Sample& other : MakeSamples(20, 2)) {
    EXPECT_LT(std::fabs(lesson.learner.average().Predict(other.features)), 1000);
  }
}

TEST(LearnerTest, GoesBackToAModelItIsGiven) {
  Lesson lesson;
  lesson.TeachAll(MakeSamples(50, 3));
  const Student good = lesson.learner.average();
  std::vector<Sample> poison = MakeSamples(50, 4);
  for (Sample& sample : poison) sample.score = 100 - sample.score;
  lesson.TeachAll(poison);
  const std::vector<Sample> unseen = MakeSamples(40, 5);
  ASSERT_LT(PlccOn(lesson.learner.average(), unseen), PlccOn(good, unseen) - 0.1);

  lesson.learner.ResetTo(good);

  EXPECT_EQ(PlccOn(lesson.learner.average(), unseen), PlccOn(good, unseen));
}

TEST(ReplayTest, DropsTheOldestFirst) {
  Replay replay(3);
  for (int i = 1; i <= 5; ++i) replay.Add({{}, static_cast<double>(i)});

  EXPECT_EQ(replay.size(), 3u);
  EXPECT_EQ(replay.Newest(0).score, 5);
  EXPECT_EQ(replay.Newest(2).score, 3);
}

TEST(KnobsTest, NamesTheOneThatIsOutOfRange) {
  EXPECT_TRUE(CheckKnobs({}).ok());
  Knobs knobs;
  knobs.batch = 0;
  EXPECT_THAT(CheckKnobs(knobs).error().message(), HasSubstr("batch size is 0, want 1 to 4096"));
  knobs = {};
  knobs.ema_decay = std::nan("");
  EXPECT_THAT(CheckKnobs(knobs).error().message(), HasSubstr("EMA decay"));
}

}  // namespace
}  // namespace vmafx::trainer
