#include "vmafx/trainer/course.h"

#include <algorithm>

#include "base/text.h"
#include "vmafx/features/features.h"

namespace vmafx::trainer {

using base::Code;
using base::Fail;
using base::Result;

namespace {

constexpr size_t kMostHeldOut = 1000;
constexpr size_t kTriedWith = 32;
constexpr double kLeastScore = 0;
constexpr double kMostScore = 100;

// What a learner began with. Another one has to begin again.
std::string Origin(const std::string& base_name) {
  return base_name + "\n" + base::Join({features::Names().begin(), features::Names().end()}, ",");
}

// "v000007 was rejected: …; v000006 stays".
std::string Tell(const JudgedCheckpoint& judged, const CheckpointRecord& record) {
  const std::string name = judged.tag.empty() ? "a checkpoint" : judged.tag;
  const std::string& reason = judged.verdict.reason;
  switch (judged.verdict.result) {
    case GateResult::kPassed:
      return fmt::format("{} is stable: {}", name, reason);
    case GateResult::kNotEnoughSamples:
      return fmt::format("{} is unstable: {}", name, reason);
    case GateResult::kRejected:
      break;
  }
  const std::string stays =
      record.model_version.empty() ? "" : fmt::format("; {} stays", record.model_version);
  return fmt::format("{} was rejected: {}{}", name, reason, stays);
}

std::vector<Sample> Plain(const std::deque<StoredSample>& stored) {
  std::vector<Sample> samples;
  for (const StoredSample& one : stored) samples.push_back(one.sample);
  return samples;
}

}  // namespace

Course::Course(Store store, BaseModel base, Knobs knobs)
    : store_(std::move(store)),
      base_(std::move(base)),
      knobs_(knobs),
      learner_(base_.student, knobs),
      replay_(knobs.replay_capacity) {}

Result<std::optional<Student>> Course::KeptBase(Store& store, const std::string& name) {
  if (TRY(store.LoadText("origin")) != Origin(name)) return std::optional<Student>();
  const std::vector<double> numbers = TRY(store.LoadNumbers("base"));
  std::span<const double> rest(numbers);
  return std::optional(TRY(LoadStudent(rest)));
}

Result<> Course::Load() {
  learner_ = Learner(base_.student, knobs_);
  replay_.Clear();
  training_.clear();
  held_out_.clear();
  stable_.reset();
  newest_.reset();
  counted_ = TRY(store_.Counted());
  record_ = TRY(store_.LoadRecord());
  for (StoredSample& stored : TRY(store_.Samples())) {
    // Of another list of features: the job was counted, but nothing can be learnt from it any more.
    if (static_cast<Eigen::Index>(stored.sample.features.size()) != base_.student.features()) {
      continue;
    }
    if (!stored.held_out) replay_.Add(stored.sample);
    (stored.held_out ? held_out_ : training_).push_back(std::move(stored));
  }
  return LoadLearner();
}

Result<> Course::LoadLearner() {
  const std::string origin = Origin(base_.name);
  const std::string stored = TRY(store_.LoadText("origin"));
  if (stored != origin) {
    if (!stored.empty()) record_.stable_samples = 0;
    TRY(store_.Begin());
    TRY(store_.SaveText("origin", origin));
    TRY(store_.SaveNumbers("base", SaveStudent(base_.student)));
    TRY(store_.SaveNumbers("stable", {}));
    TRY(store_.SaveNumbers("learner", learner_.Save()));
    TRY(store_.SaveRecord(record_));
    return store_.Commit();
  }
  const std::vector<double> stable = TRY(store_.LoadNumbers("stable"));
  std::span<const double> rest(stable);
  if (!stable.empty()) stable_ = TRY(LoadStudent(rest));
  return learner_.Load(TRY(store_.LoadNumbers("learner")));
}

Result<api::FeedbackReply> Course::Add(const api::FeedbackSample& sample) {
  if (static_cast<Eigen::Index>(sample.features.size()) != base_.student.features()) {
    return Fail(Code::kInvalid, "{} features, this trainer takes {}", sample.features.size(),
                base_.student.features());
  }
  if (!(sample.true_score >= kLeastScore && sample.true_score <= kMostScore)) {
    return Fail(Code::kInvalid, "true_score is {}, want {} to {}", sample.true_score, kLeastScore,
                kMostScore);
  }
  api::FeedbackReply reply{.ok = true, .job_id = sample.job_id, .step = learner_.steps()};
  if (TRY(store_.IsKnown(sample.job_id))) {
    ++duplicates_;
    return reply;
  }

  ++counted_;
  StoredSample stored{
      counted_, counted_ % kHeldOutEvery == 0, {sample.features, sample.true_score}};
  TRY(store_.Add(sample.job_id, stored));
  newest_ = sample;
  if (stored.held_out) {
    held_out_.push_back(std::move(stored));
    if (held_out_.size() > kMostHeldOut) held_out_.pop_front();
    return reply;
  }
  replay_.Add(stored.sample);
  training_.push_back(std::move(stored));
  if (training_.size() > knobs_.replay_capacity) {
    training_.pop_front();
    ++evictions_;
  }
  const Learner::Learnt learnt = learner_.Learn(replay_);
  loss_ = learnt.loss;
  reply.step = learnt.step;
  reply.trained = true;
  reply.loss = learnt.loss;
  return reply;
}

Result<> Course::SaveLearner() {
  return store_.SaveNumbers("learner", learner_.Save());
}

Candidate Course::MakeCandidate() const {
  Candidate candidate{.student = learner_.average(),
                      .last = stable_ ? *stable_ : base_.student,
                      .held_out = Plain(held_out_)};
  candidate.known = static_cast<size_t>(std::count_if(
      held_out_.begin(), held_out_.end(),
      [&](const StoredSample& stored) { return stored.number <= record_.stable_samples; }));
  for (size_t i = 0; i < std::min(kTriedWith, replay_.size()); ++i) {
    candidate.trained_on.push_back(replay_.Newest(i));
  }
  candidate.samples = counted_;
  candidate.steps = learner_.steps();
  candidate.record = record_;
  return candidate;
}

Result<> Course::Record(const JudgedCheckpoint& judged) {
  record_.samples = judged.samples;
  record_.at = judged.at;
  record_.at_unix = judged.at_unix;
  record_.version = std::max(record_.version, judged.version);
  record_.gate_result = ToString(judged.verdict.result);
  switch (judged.verdict.result) {
    case GateResult::kRejected:
      ++record_.rejected;
      TRY(Reject(judged));
      break;
    case GateResult::kNotEnoughSamples:
      ++record_.not_enough;
      break;
    case GateResult::kPassed:
      ++record_.passed;
      record_.stable_samples = judged.samples;
      record_.stable_version = judged.tag;
      stable_ = judged.student;
      TRY(store_.SaveNumbers("stable", SaveStudent(*stable_)));
      break;
  }
  if (judged.verdict.result != GateResult::kRejected) {
    record_.model_version = judged.tag;
    record_.model_digest = judged.digest;
  }
  record_.message = Tell(judged, record_);
  TRY(store_.SaveRecord(record_));
  return SaveLearner();
}

Result<> Course::Reject(const JudgedCheckpoint& judged) {
  if (!judged.student.Finite()) learner_ = Learner(base_.student, knobs_);
  if (!stable_) return base::Ok();  // nothing that is known to be better than what it has now
  learner_.ResetTo(*stable_);
  const std::vector<Sample> slice = Plain(held_out_);
  const auto known = static_cast<size_t>(std::count_if(
      held_out_.begin(), held_out_.end(),
      [&](const StoredSample& stored) { return stored.number <= record_.stable_samples; }));
  for (auto* samples : {&training_, &held_out_}) {
    const std::vector<bool> outliers = FindOutliers(*stable_, slice, known, Plain(*samples));
    std::deque<StoredSample> kept;
    for (size_t i = 0; i < samples->size(); ++i) {
      const StoredSample& stored = (*samples)[i];
      if (outliers[i] && stored.number > record_.stable_samples) {
        TRY(store_.Remove(stored.number));
        ++record_.quarantined;
      } else {
        kept.push_back(stored);
      }
    }
    *samples = std::move(kept);
  }
  replay_.Clear();
  for (const StoredSample& stored : training_) replay_.Add(stored.sample);
  return base::Ok();
}

}  // namespace vmafx::trainer
