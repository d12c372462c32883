#include "vmafx/trainer/gate.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vmafx/trainer/testing/samples.h"

namespace vmafx::trainer {
namespace {

using testing::HasSubstr;

Student Taught(const std::vector<Sample>& samples) {
  Learner learner(Student::Prior(1), {});
  Replay replay(1000);
  for (const Sample& sample : samples) {
    replay.Add(sample);
    learner.Learn(replay);
  }
  return learner.average();
}

std::vector<Sample> Poisoned(std::vector<Sample> samples) {
  for (Sample& sample : samples) sample.score = 100 - sample.score;
  return samples;
}

TEST(PlccTest, IsWhatItIsCalled) {
  const std::vector<double> up = {1, 2, 3, 4};
  const std::vector<double> down = {8, 6, 4, 2};
  EXPECT_NEAR(Plcc(up, up), 1, 1e-12);
  EXPECT_NEAR(Plcc(up, down), -1, 1e-12);
  EXPECT_NEAR(Plcc(up, std::vector<double>{1, 3, 2, 4}), 0.8, 1e-12);
}

TEST(PlccTest, IsZeroWhereItIsNotDefined) {
  const std::vector<double> flat = {5, 5, 5};
  EXPECT_EQ(Plcc(flat, std::vector<double>{1, 2, 3}), 0);
  EXPECT_EQ(Plcc({}, {}), 0);
}

TEST(GateTest, PassesAModelThatPredictsBetter) {
  const auto verdict = Judge(Taught(MakeSamples(80, 1)), Student::Prior(1), MakeSamples(12, 2), 0);

  EXPECT_EQ(verdict.result, GateResult::kPassed) << verdict.reason;
  EXPECT_GT(verdict.plcc, verdict.last_plcc);
  EXPECT_EQ(verdict.samples, 12u);
}

TEST(GateTest, PassesAModelThatIsAsGood) {
  const Student same = Taught(MakeSamples(40, 1));

  EXPECT_EQ(Judge(same, same, MakeSamples(8, 2), 8).result, GateResult::kPassed);
}

TEST(GateTest, CannotTellFromFewSamplesOrFromEqualScores) {
  const Student better = Taught(MakeSamples(80, 1));
  std::vector<Sample> equal = MakeSamples(20, 2);
  for (Sample& sample : equal) sample.score = 50;

  EXPECT_EQ(Judge(better, Student::Prior(1), MakeSamples(7, 2), 0).result,
            GateResult::kNotEnoughSamples);
  EXPECT_EQ(Judge(better, Student::Prior(1), {}, 0).result, GateResult::kNotEnoughSamples);
  EXPECT_EQ(Judge(better, Student::Prior(1), equal, 0).result, GateResult::kNotEnoughSamples);
}

TEST(GateTest, RejectsAPoisonedModel) {
  std::vector<Sample> bad = MakeSamples(60, 1);
  const Student good = Taught(bad);
  for (const Sample& sample : Poisoned(MakeSamples(60, 3))) bad.push_back(sample);

  const auto verdict = Judge(Taught(bad), good, MakeSamples(20, 2), 20);

  EXPECT_EQ(verdict.result, GateResult::kRejected);
  EXPECT_THAT(verdict.reason, HasSubstr("on the 20 held-out samples"));
}

TEST(GateTest, DoesNotLetPoisonVoteForItself) {
  const Student good = Taught(MakeSamples(80, 1));
  const Student bad = Taught(Poisoned(MakeSamples(80, 1)));
  std::vector<Sample> held_out = MakeSamples(10, 2);
  for (const Sample& sample : Poisoned(MakeSamples(40, 3))) held_out.push_back(sample);

  EXPECT_EQ(Judge(bad, good, held_out, 0).result, GateResult::kPassed);  // who can tell
  EXPECT_EQ(Judge(bad, good, held_out, 10).result, GateResult::kRejected);
}

TEST(GateTest, RejectsWhatIsNotFiniteHoweverFewSamplesThereAre) {
  Student broken = Student::Prior(1);
  broken.linear[0] = std::nan("");

  EXPECT_EQ(Judge(broken, Student::Prior(1), {}, 0).result, GateResult::kRejected);
  EXPECT_EQ(Judge(broken, Student::Prior(1), MakeSamples(20, 1), 0).result, GateResult::kRejected);
}

TEST(GateTest, FindsTheSamplesThatAStableModelDoesNotBelieve) {
  const Student good = Taught(MakeSamples(150, 1));
  const std::vector<Sample> held_out = MakeSamples(20, 2);
  std::vector<Sample> recent = MakeSamples(10, 3);
  recent[4].score = recent[4].score > 50 ? 0 : 100;

  const auto outliers = FindOutliers(good, held_out, held_out.size(), recent);

  for (size_t i = 0; i < recent.size(); ++i) EXPECT_EQ(outliers[i], i == 4) << i;
  EXPECT_THAT(FindOutliers(good, held_out, 7, recent), testing::Each(false));
}

}  // namespace
}  // namespace vmafx::trainer
