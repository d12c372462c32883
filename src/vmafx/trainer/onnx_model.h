#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vmafx/trainer/student.h"

namespace vmafx::trainer {

// A checkpoint as a file: ONNX (IR version 7, opset 13), input "features" of float (batch, n),
// output "score" of float (batch, 1). The standardisation is part of the graph, so any runtime
// gives scores: Sub, Div, Clip, then MatMul+Add, Tanh, MatMul of the hidden layer, MatMul+Add of
// the linear one, and Mul, Add to scores.
// https://github.com/onnx/onnx/blob/main/docs/IR.md
struct ModelFile {
  Student student;
  std::map<std::string, std::string> metadata;  // metadata_props
};

// Keys of the metadata.
inline constexpr std::string_view kFeatureNamesKey = "vmafx.feature_names";  // joined by commas
inline constexpr std::string_view kSamplesKey = "vmafx.samples";
inline constexpr std::string_view kBaseModelKey = "vmafx.base_model";
inline constexpr std::string_view kTeacherKey = "vmafx.teacher";

// The file's bytes, which ONNX's own checker has passed. kInternal: it has not.
base::Result<std::string> WriteModel(const ModelFile& model);

// A model file of ours, back. kInvalid says what is wrong: no ONNX, the checker's finding, another
// input or output, a graph that is not ours, or numbers that are not finite.
base::Result<ModelFile> ReadModel(std::string_view bytes);

// An ONNX graph as it stands, evaluated node by node with our own code: the proof that a file means
// what its student meant. Knows the operators that WriteModel writes, and no others.
class Evaluator {
 public:
  // kInvalid as of ReadModel; an operator that is not known is named.
  static base::Result<Evaluator> Load(std::string_view bytes);
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;
  ~Evaluator();

  // Scores of many, `features` values each. In single precision, as a runtime would.
  base::Result<std::vector<float>> Evaluate(std::span<const std::vector<double>> samples) const;

 private:
  struct State;
  explicit Evaluator(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace vmafx::trainer
