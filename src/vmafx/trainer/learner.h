#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "vmafx/trainer/student.h"

namespace vmafx::trainer {

struct Sample {
  std::vector<double> features;
  double score = 0;
};

enum class Optimizer { kAdam, kSgd };

// How it learns. The defaults are ours: with those of the contract (SGD, a step size of 0.0001, a
// warm-up of 100 steps, an average over 1,000) two hundred samples teach nothing.
struct Knobs {
  Optimizer optimizer = Optimizer::kAdam;
  double step_size = 0.003;
  double momentum = 0.9;
  double weight_decay = 0.3;
  double most_gradient = 1.0;  // norm to which a gradient is clipped
  double ema_decay = 0.995;
  int warm_up = 10;  // samples over which the step size rises to its full
  int batch = 32;
  double replay_mix = 0.5;  // share of a batch that is not the newest samples
  int steps_per_sample = 16;
  size_t replay_capacity = 10000;
  uint64_t seed = 1;
};

// kInvalid names the first knob that is out of its range, and the range.
base::Result<> CheckKnobs(const Knobs& knobs);

// The samples that are trained on, first in, first out.
class Replay {
 public:
  explicit Replay(size_t capacity) : capacity_(capacity) {}
  void Add(Sample sample);
  void Clear() {
    samples_.clear();
    first_ = 0;
  }
  size_t size() const { return samples_.size(); }
  // 0 is the newest.
  const Sample& Newest(size_t index) const;

 private:
  size_t capacity_;
  std::vector<Sample> samples_;
  size_t first_ = 0;  // the oldest, once it is full
};

// Learns one sample after the other. The same samples in the same order give the same model, to the
// last bit. One thread. A copy is an independent learner: what was, where something fails later.
class Learner {
 public:
  Learner(Student base, Knobs knobs);

  struct Learnt {
    int64_t step = 0;  // steps so far
    double loss = 0;   // mean square error of the last step's batch, in standard deviations of
                       // the scores
  };
  // Takes the newest sample of `replay`, which has the base's number of features and finite
  // numbers. Never makes the model worse on the batch that it looks at; never leaves a number that
  // is not finite.
  Learnt Learn(const Replay& replay);

  // The average over the steps: what predicts and what is published.
  const Student& average() const { return average_; }
  int64_t steps() const { return steps_; }
  int64_t samples() const { return samples_; }

  // Back to `student`, as if it had been the start; what was seen of the features stays.
  void ResetTo(const Student& student);

  std::vector<double> Save() const;
  base::Result<> Load(std::span<const double> numbers);

 private:
  struct Batch {
    Eigen::MatrixXd inputs;  // standardised, one a column
    Eigen::VectorXd targets;
  };

  void Observe(const Sample& sample);
  Batch Draw(const Replay& replay, uint64_t salt) const;
  double StepSize() const;
  Eigen::VectorXd Direction(const Eigen::VectorXd& gradient);
  double Step(const Batch& batch);
  void Average();

  Knobs knobs_;
  Student current_;
  Student average_;
  Eigen::VectorXd first_scale_;  // of the features, as the base has them
  int64_t steps_ = 0;
  int64_t samples_ = 0;       // learnt, over all time
  int64_t averaged_ = 0;      // steps since the start or the last reset
  Eigen::VectorXd velocity_;  // first and second moments of the gradient
  Eigen::VectorXd energy_;
  // Of the features and, last, the score: running mean and variance (Welford), from the prior's on.
  Eigen::VectorXd seen_mean_;
  Eigen::VectorXd seen_variance_;
  double seen_ = 0;
};

}  // namespace vmafx::trainer
