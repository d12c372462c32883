#include "vmafx/trainer/learner.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace vmafx::trainer {

using base::Code;
using base::Fail;
using base::Result;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double kPriorSamples = 10;  // how many samples the prior's mean and scale are worth
constexpr double kSecondMoment = 0.99;
constexpr double kFormat = 1;  // of what Save writes
constexpr int kMostHalvings = 8;
// The standardisation follows what is seen, but never below this share of where it started: a
// feature that did not vary yet must not be blown up.
constexpr double kLeastScale = 0.05;

struct Forward {
  MatrixXd hidden;  // after tanh
  VectorXd errors;
  double loss = 0;
};

Forward Evaluate(const Student& student, const MatrixXd& inputs, const VectorXd& targets) {
  Forward forward;
  forward.hidden = ((student.input * inputs).colwise() + student.bias).array().tanh();
  forward.errors =
      inputs.transpose() * student.linear + forward.hidden.transpose() * student.output - targets;
  forward.errors.array() += student.offset;
  forward.loss = forward.errors.squaredNorm() / static_cast<double>(targets.size());
  return forward;
}

// Of the loss, in the order of Student::Weights.
VectorXd Gradient(const Student& student, const Forward& forward, const MatrixXd& inputs) {
  const VectorXd slopes = 2.0 / static_cast<double>(inputs.cols()) * forward.errors;
  const MatrixXd before_tanh =
      (student.output * slopes.transpose()).array() * (1 - forward.hidden.array().square());
  const MatrixXd input = before_tanh * inputs.transpose();
  VectorXd gradient(input.size() + 2 * student.hidden() + student.features() + 1);
  gradient << Eigen::Map<const VectorXd>(input.data(), input.size()), before_tanh.rowwise().sum(),
      forward.hidden * slopes, inputs * slopes, slopes.sum();
  return gradient;
}

void Append(std::vector<double>& numbers, const VectorXd& vector) {
  numbers.insert(numbers.end(), vector.data(), vector.data() + vector.size());
}

Result<> Within(std::string_view name, double value, double least, double most) {
  if (value >= least && value <= most) return base::Ok();
  return Fail(Code::kInvalid, "{} is {}, want {} to {}", name, value, least, most);
}

}  // namespace

Result<> CheckKnobs(const Knobs& knobs) {
  TRY(Within("step size", knobs.step_size, 1e-9, 1));
  TRY(Within("momentum", knobs.momentum, 0, 0.9999));
  TRY(Within("weight decay", knobs.weight_decay, 0, 1));
  TRY(Within("gradient clip", knobs.most_gradient, 1e-6, 1e6));
  TRY(Within("EMA decay", knobs.ema_decay, 0, 0.999999));
  TRY(Within("warm-up", knobs.warm_up, 0, 1e6));
  TRY(Within("batch size", knobs.batch, 1, 4096));
  TRY(Within("replay mix", knobs.replay_mix, 0, 1));
  TRY(Within("steps per sample", knobs.steps_per_sample, 1, 1000));
  return Within("replay capacity", static_cast<double>(knobs.replay_capacity), 1, 1e6);
}

void Replay::Add(Sample sample) {
  if (samples_.size() < capacity_) {
    samples_.push_back(std::move(sample));
    return;
  }
  samples_[first_] = std::move(sample);
  first_ = (first_ + 1) % capacity_;
}

const Sample& Replay::Newest(size_t index) const {
  CHECK(index < samples_.size());
  return samples_[(first_ + samples_.size() - 1 - index) % samples_.size()];
}

Learner::Learner(Student base, Knobs knobs)
    : knobs_(knobs), current_(base), average_(std::move(base)), first_scale_(current_.scale) {
  const Index count = current_.features();
  seen_mean_.resize(count + 1);
  seen_mean_ << current_.mean, current_.target_mean;
  seen_variance_.resize(count + 1);
  seen_variance_ << current_.scale.array().square().matrix(),
      current_.target_scale * current_.target_scale;
  seen_ = kPriorSamples;
  velocity_ = VectorXd::Zero(current_.Weights().size());
  energy_ = velocity_;
}

void Learner::ResetTo(const Student& student) {
  current_ = student;
  average_ = student;
  averaged_ = 0;
  velocity_.setZero();
  energy_.setZero();
}

// Follows the features' and the scores' mean and scale. The functions stay what they are.
void Learner::Observe(const Sample& sample) {
  const Index count = current_.features();
  VectorXd values(count + 1);
  const VectorXd z = current_.Standardise(sample.features);
  values << current_.mean + z.cwiseProduct(current_.scale), sample.score;
  seen_ += 1;
  const VectorXd delta = values - seen_mean_;
  seen_mean_ += delta / seen_;
  seen_variance_ += (delta.cwiseProduct(values - seen_mean_) - seen_variance_) / seen_;

  VectorXd scale = seen_variance_.cwiseMax(0).cwiseSqrt();
  scale.head(count) = scale.head(count).cwiseMax(kLeastScale * first_scale_);
  const double target_scale = std::max(scale[count], 1.0);
  for (Student* student : {&current_, &average_}) {
    student->Restandardise(seen_mean_.head(count), scale.head(count), seen_mean_[count],
                           target_scale);
  }
}

// The newest samples and a random choice of all, with replacement.
Learner::Batch Learner::Draw(const Replay& replay, uint64_t salt) const {
  // A generator of its own for each step: nothing to store, and the same after a restart.
  std::mt19937_64 random(knobs_.seed * 0x9E3779B97F4A7C15U + salt);
  const auto size = std::min<size_t>(static_cast<size_t>(knobs_.batch), replay.size());
  const auto fresh = std::max<size_t>(
      1, static_cast<size_t>(static_cast<double>(size) * (1 - knobs_.replay_mix) / 4));
  Batch batch;
  batch.inputs.resize(current_.features(), static_cast<Index>(size));
  batch.targets.resize(static_cast<Index>(size));
  for (size_t i = 0; i < size; ++i) {
    const Sample& sample = replay.Newest(i < fresh ? i : random() % replay.size());
    const auto column = static_cast<Index>(i);
    batch.inputs.col(column) = current_.Standardise(sample.features);
    batch.targets[column] = (sample.score - current_.target_mean) / current_.target_scale;
  }
  return batch;
}

// Small while little has been seen, and again later on, when there is less to learn from each.
double Learner::StepSize() const {
  const double seen = static_cast<double>(samples_);
  const double warm = knobs_.warm_up == 0 ? 1 : std::min(1.0, (seen + 1) / knobs_.warm_up);
  return knobs_.step_size * warm / std::sqrt(1 + seen / 200);
}

VectorXd Learner::Direction(const VectorXd& gradient) {
  velocity_ = knobs_.momentum * velocity_ + (1 - knobs_.momentum) * gradient;
  if (knobs_.optimizer == Optimizer::kSgd) return velocity_ / (1 - knobs_.momentum);
  energy_ = kSecondMoment * energy_ + (1 - kSecondMoment) * gradient.cwiseAbs2();
  const auto count = static_cast<double>(averaged_ + 1);
  const double first = 1 - std::pow(knobs_.momentum, count);
  const double second = 1 - std::pow(kSecondMoment, count);
  return (velocity_ / first).array() / ((energy_ / second).array().sqrt() + 1e-8);
}

double Learner::Step(const Batch& batch) {
  const Forward before = Evaluate(current_, batch.inputs, batch.targets);
  VectorXd gradient = Gradient(current_, before, batch.inputs);
  const double norm = gradient.norm();
  if (!std::isfinite(norm)) return before.loss;
  if (norm > knobs_.most_gradient) gradient *= knobs_.most_gradient / norm;
  const VectorXd from = current_.Weights();
  const VectorXd decay = knobs_.weight_decay * from;
  VectorXd change = -StepSize() * (Direction(gradient) + decay);
  // Momentum may still point elsewhere, and a step may be too long: half of it then, and so on; the
  // last resort is the plain gradient.
  for (int halving = 0; halving <= kMostHalvings; ++halving) {
    if (halving == kMostHalvings / 2) {
      velocity_.setZero();
      change = -StepSize() * gradient;
    }
    current_.SetWeights(from + change);
    const double after = Evaluate(current_, batch.inputs, batch.targets).loss;
    if (std::isfinite(after) && after <= before.loss) break;
    change *= 0.5;
    if (halving == kMostHalvings) current_.SetWeights(from);
  }
  return before.loss;
}

// The exponential average without a start of its own (Kingma and Ba's bias correction).
void Learner::Average() {
  ++averaged_;
  const double weight =
      (1 - knobs_.ema_decay) / (1 - std::pow(knobs_.ema_decay, static_cast<double>(averaged_)));
  average_.SetWeights((1 - weight) * average_.Weights() + weight * current_.Weights());
}

Learner::Learnt Learner::Learn(const Replay& replay) {
  const Sample& newest = replay.Newest(0);
  const double before = std::fabs(average_.Predict(newest.features) - newest.score);
  Observe(newest);
  Learnt learnt;
  for (int i = 0; i < knobs_.steps_per_sample; ++i) {
    ++steps_;
    learnt.loss = Step(Draw(replay, static_cast<uint64_t>(steps_)));
    Average();
  }
  ++samples_;
  // An average of weights need not lie between what they predict. The first sample has to show.
  if (samples_ == 1 && std::fabs(average_.Predict(newest.features) - newest.score) >= before) {
    average_ = current_;
  }
  learnt.step = steps_;
  return learnt;
}

std::vector<double> Learner::Save() const {
  std::vector<double> numbers = {kFormat, static_cast<double>(steps_),
                                 static_cast<double>(samples_), static_cast<double>(averaged_),
                                 seen_};
  for (const Student* student : {&current_, &average_}) {
    const std::vector<double> saved = SaveStudent(*student);
    numbers.insert(numbers.end(), saved.begin(), saved.end());
  }
  for (const VectorXd* part : {&velocity_, &energy_, &seen_mean_, &seen_variance_}) {
    Append(numbers, *part);
  }
  return numbers;
}

Result<> Learner::Load(std::span<const double> numbers) {
  const auto wrong = [] { return Fail(Code::kInvalid, "the stored learner is damaged"); };
  if (numbers.size() < 5 || numbers[0] != kFormat) return wrong();
  for (const double number : numbers) {
    if (!std::isfinite(number)) return wrong();
  }
  const std::span<const double> head = numbers.first(5);
  numbers = numbers.subspan(5);
  Student current = TRY(LoadStudent(numbers));
  Student average = TRY(LoadStudent(numbers));
  const Index weights = current.Weights().size();
  const Index seen = current.features() + 1;
  if (current.features() != current_.features() || average.Weights().size() != weights ||
      static_cast<Index>(numbers.size()) != 2 * (weights + seen)) {
    return wrong();
  }
  current_ = std::move(current);
  average_ = std::move(average);
  velocity_ = Eigen::Map<const VectorXd>(numbers.data(), weights);
  energy_ = Eigen::Map<const VectorXd>(numbers.data() + weights, weights);
  seen_mean_ = Eigen::Map<const VectorXd>(numbers.data() + 2 * weights, seen);
  seen_variance_ = Eigen::Map<const VectorXd>(numbers.data() + 2 * weights + seen, seen);
  steps_ = static_cast<int64_t>(head[1]);
  samples_ = static_cast<int64_t>(head[2]);
  averaged_ = static_cast<int64_t>(head[3]);
  seen_ = head[4];
  return base::Ok();
}

}  // namespace vmafx::trainer
