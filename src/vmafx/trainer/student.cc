#include "vmafx/trainer/student.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "vmafx/features/features.h"
#include "vmafx/trainer/prior.h"

namespace vmafx::trainer {

using base::Code;
using base::Fail;
using base::Result;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Index kHidden = 16;
constexpr double kMostSize = 4096;

Index Size(size_t size) {
  return static_cast<Index>(size);
}

}  // namespace

Student Student::Prior(uint64_t seed) {
  const std::span<const FeaturePrior> priors = FeaturePriors();
  const Index count = Size(priors.size());
  Student student;
  student.mean.resize(count);
  student.scale.resize(count);
  student.linear = VectorXd::Zero(count);
  for (Index i = 0; i < count; ++i) {
    const FeaturePrior& prior = priors[static_cast<size_t>(i)];
    student.mean[i] = prior.mean;
    student.scale[i] = prior.scale;
    // Scores of a raw feature become those of a standardised one.
    student.linear[i] = prior.slope * prior.scale / kScorePrior.scale;
    student.offset += prior.slope * prior.mean / kScorePrior.scale;
  }
  student.offset += (kScorePrior.slope - kScorePrior.mean) / kScorePrior.scale;
  student.target_mean = kScorePrior.mean;
  student.target_scale = kScorePrior.scale;

  std::mt19937_64 random(seed);
  const double spread = 1 / std::sqrt(static_cast<double>(count));
  const auto draw = [&] { return (static_cast<double>(random() >> 11) * 0x1p-52 - 1) * spread; };
  student.input = MatrixXd::NullaryExpr(kHidden, count, draw);
  student.bias = VectorXd::NullaryExpr(kHidden, draw);
  student.output = VectorXd::Zero(kHidden);
  return student;
}

VectorXd Student::Standardise(std::span<const double> values) const {
  const Eigen::Map<const VectorXd> raw(values.data(), Size(values.size()));
  return ((raw - mean).array() / scale.array()).max(-kClip).min(kClip);
}

double Student::Predict(std::span<const double> values) const {
  const VectorXd z = Standardise(values);
  const VectorXd h = (input * z + bias).array().tanh();
  return target_mean + target_scale * (linear.dot(z) + output.dot(h) + offset);
}

void Student::Restandardise(const VectorXd& new_mean, const VectorXd& new_scale,
                            double new_target_mean, double new_target_scale) {
  const VectorXd shift = (new_mean - mean).cwiseQuotient(scale);
  const VectorXd stretch = new_scale.cwiseQuotient(scale);
  bias += input * shift;
  offset += linear.dot(shift);
  input = input * stretch.asDiagonal();
  linear = linear.cwiseProduct(stretch);

  const double ratio = target_scale / new_target_scale;
  offset = offset * ratio + (target_mean - new_target_mean) / new_target_scale;
  linear *= ratio;
  output *= ratio;
  mean = new_mean;
  scale = new_scale;
  target_mean = new_target_mean;
  target_scale = new_target_scale;
}

VectorXd Student::Weights() const {
  VectorXd weights(input.size() + 2 * hidden() + features() + 1);
  weights << Eigen::Map<const VectorXd>(input.data(), input.size()), bias, output, linear, offset;
  return weights;
}

void Student::SetWeights(const VectorXd& weights) {
  CHECK(weights.size() == input.size() + 2 * hidden() + features() + 1);
  Index at = 0;
  const auto take = [&](Index count) {
    at += count;
    return weights.segment(at - count, count);
  };
  Eigen::Map<VectorXd>(input.data(), input.size()) = take(input.size());
  bias = take(hidden());
  output = take(hidden());
  linear = take(features());
  offset = take(1)[0];
}

bool Student::Finite() const {
  return Weights().allFinite() && mean.allFinite() && scale.allFinite() &&
         (scale.array() > 0).all() && std::isfinite(target_mean) && std::isfinite(target_scale) &&
         target_scale > 0;
}

std::vector<double> SaveStudent(const Student& student) {
  const VectorXd weights = student.Weights();
  std::vector<double> numbers = {static_cast<double>(student.features()),
                                 static_cast<double>(student.hidden()), student.target_mean,
                                 student.target_scale};
  for (const VectorXd* part : {&student.mean, &student.scale, &weights}) {
    numbers.insert(numbers.end(), part->data(), part->data() + part->size());
  }
  return numbers;
}

Result<Student> LoadStudent(std::span<const double>& numbers) {
  const auto wrong = [] { return Fail(Code::kInvalid, "the stored model is damaged"); };
  if (numbers.size() < 4) return wrong();
  const double features = numbers[0];
  const double hidden = numbers[1];
  if (!(features >= 1 && features <= kMostSize && hidden >= 1 && hidden <= kMostSize)) {
    return wrong();
  }
  const auto n = static_cast<Index>(features);
  const auto h = static_cast<Index>(hidden);
  const Index weights = n * h + 2 * h + n + 1;
  if (Size(numbers.size()) < 4 + 2 * n + weights) return wrong();

  Student student;
  student.target_mean = numbers[2];
  student.target_scale = numbers[3];
  student.mean = Eigen::Map<const VectorXd>(numbers.data() + 4, n);
  student.scale = Eigen::Map<const VectorXd>(numbers.data() + 4 + n, n);
  student.input.resize(h, n);
  student.bias.resize(h);
  student.output.resize(h);
  student.linear.resize(n);
  student.SetWeights(Eigen::Map<const VectorXd>(numbers.data() + 4 + 2 * n, weights));
  if (!student.Finite()) return wrong();
  numbers = numbers.subspan(static_cast<size_t>(4 + 2 * n + weights));
  return student;
}

}  // namespace vmafx::trainer
