#pragma once

// vmafx/trainer: learns from scored jobs to predict the exact score from cheap features
// (vmafx/features), and publishes what it has learnt as ONNX checkpoints in an OCI registry. Holds
// its samples in SQLite; knows no Kubernetes.

#include <Eigen/Core>
#include <span>
#include <vector>

#include "base/result.h"

namespace vmafx::trainer {

// What is learnt: a linear part and one hidden layer of tanh, on standardised features.
//
//   z = clip((features - mean) / scale, -kClip, kClip)
//   score = target_mean + target_scale * (w z + v tanh(U z + b) + c)
//
// A value; copies are independent.
struct Student {
  static constexpr double kClip = 8;  // standard deviations: no hostile input gets further

  Eigen::VectorXd mean;   // of the features
  Eigen::VectorXd scale;  // above zero
  double target_mean = 0;
  double target_scale = 1;
  Eigen::MatrixXd input;   // U
  Eigen::VectorXd bias;    // b
  Eigen::VectorXd output;  // v
  Eigen::VectorXd linear;  // w
  double offset = 0;       // c

  // What a trainer starts from: the peak signal-to-noise ratio mapped linearly to scores, with
  // typical means and scales of the features. The hidden layer is random by `seed` and not yet
  // connected.
  static Student Prior(uint64_t seed);

  Eigen::Index features() const { return linear.size(); }
  Eigen::Index hidden() const { return output.size(); }

  // z of one sample or of many (one a column). The number of features is features().
  Eigen::VectorXd Standardise(std::span<const double> values) const;
  double Predict(std::span<const double> values) const;

  // Changes the standardisation and leaves the function as it is (but for the clipping).
  void Restandardise(const Eigen::VectorXd& new_mean, const Eigen::VectorXd& new_scale,
                     double new_target_mean, double new_target_scale);

  // All weights in one vector: U by columns, b, v, w, c; and back.
  Eigen::VectorXd Weights() const;
  void SetWeights(const Eigen::VectorXd& weights);

  bool Finite() const;
};

// Everything of a student as numbers, for the database; kInvalid when these are none.
std::vector<double> SaveStudent(const Student& student);
base::Result<Student> LoadStudent(std::span<const double>& numbers);  // takes what it has read

}  // namespace vmafx::trainer
