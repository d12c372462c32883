#include "vmafx/trainer/onnx_model.h"

#include <onnx/checker.h>
#include <onnx/onnx_pb.h>

#include <cmath>

#include "vmafx/trainer/onnx_graph.h"

namespace vmafx::trainer {

using base::Code;
using base::Fail;
using base::Result;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr int64_t kIrVersion = 7;  // the one of opset 13: onnx/docs/Versioning.md
constexpr int64_t kOpset = 13;
constexpr size_t kMostBytes = 64 << 20;

void AddNode(onnx::GraphProto& graph, const char* type, std::vector<std::string> inputs,
             const std::string& output) {
  onnx::NodeProto& node = *graph.add_node();
  node.set_op_type(type);
  node.set_name(output);
  for (std::string& input : inputs) node.add_input(std::move(input));
  node.add_output(output);
}

void AddTensor(onnx::GraphProto& graph, const std::string& name, std::vector<Index> shape,
               const double* values) {
  onnx::TensorProto& tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  Index count = 1;
  for (const Index size : shape) {
    tensor.add_dims(size);
    count *= size;
  }
  for (Index i = 0; i < count; ++i) tensor.add_float_data(static_cast<float>(values[i]));
}

void AddScalar(onnx::GraphProto& graph, const std::string& name, double value) {
  AddTensor(graph, name, {}, &value);
}

void Describe(onnx::ValueInfoProto& info, const char* name, Index width) {
  info.set_name(name);
  auto& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(onnx::TensorProto::FLOAT);
  tensor.mutable_shape()->add_dim()->set_dim_param("batch");
  tensor.mutable_shape()->add_dim()->set_dim_value(width);
}

void AddWeights(const Student& student, onnx::GraphProto& graph) {
  const Index n = student.features();
  const Index h = student.hidden();
  AddTensor(graph, "mean", {n}, student.mean.data());
  AddTensor(graph, "scale", {n}, student.scale.data());
  AddScalar(graph, "least", -Student::kClip);
  AddScalar(graph, "most", Student::kClip);
  // ONNX is row-major, and multiplies from the left: U of h rows by columns is its transpose by
  // rows.
  AddTensor(graph, "input", {n, h}, student.input.data());
  AddTensor(graph, "bias", {h}, student.bias.data());
  AddTensor(graph, "output", {h, 1}, student.output.data());
  AddTensor(graph, "linear", {n, 1}, student.linear.data());
  AddScalar(graph, "offset", student.offset);
  AddScalar(graph, "target_scale", student.target_scale);
  AddScalar(graph, "target_mean", student.target_mean);
}

onnx::ModelProto Build(const ModelFile& model) {
  onnx::ModelProto proto;
  proto.set_ir_version(kIrVersion);
  proto.set_producer_name("vmafx-trainer");
  proto.add_opset_import()->set_version(kOpset);
  for (const auto& [key, value] : model.metadata) {
    auto& property = *proto.add_metadata_props();
    property.set_key(key);
    property.set_value(value);
  }
  onnx::GraphProto& graph = *proto.mutable_graph();
  graph.set_name("vmafx-student");
  Describe(*graph.add_input(), "features", model.student.features());
  Describe(*graph.add_output(), "score", 1);
  AddWeights(model.student, graph);
  AddNode(graph, "Sub", {"features", "mean"}, "centred");
  AddNode(graph, "Div", {"centred", "scale"}, "scaled");
  AddNode(graph, "Clip", {"scaled", "least", "most"}, "standard");
  AddNode(graph, "MatMul", {"standard", "input"}, "hidden_product");
  AddNode(graph, "Add", {"hidden_product", "bias"}, "hidden_sum");
  AddNode(graph, "Tanh", {"hidden_sum"}, "hidden");
  AddNode(graph, "MatMul", {"hidden", "output"}, "hidden_part");
  AddNode(graph, "MatMul", {"standard", "linear"}, "linear_part");
  AddNode(graph, "Add", {"hidden_part", "linear_part"}, "parts");
  AddNode(graph, "Add", {"parts", "offset"}, "standard_score");
  AddNode(graph, "Mul", {"standard_score", "target_scale"}, "centred_score");
  AddNode(graph, "Add", {"centred_score", "target_mean"}, "score");
  return proto;
}

Result<> Check(const onnx::ModelProto& proto) {
  try {
    onnx::checker::check_model(proto);
    return base::Ok();
  } catch (const std::exception& problem) {
    return Fail(Code::kInvalid, "the ONNX checker: {}", problem.what());
  }
}

// The initialisers by name, as numbers.
class Weights {
 public:
  static Result<Weights> Read(const onnx::GraphProto& graph) {
    Weights weights;
    for (const onnx::TensorProto& tensor : graph.initializer()) {
      weights.tensors_[tensor.name()] = TRY(ReadTensor(tensor));
    }
    return weights;
  }

  Result<VectorXd> Vector(const char* name, Index size) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end() || found->second.size() != size) {
      return Fail(Code::kInvalid, "the model has no {} of {} numbers", name, size);
    }
    return VectorXd(Eigen::Map<const Eigen::VectorXf>(found->second.data(), size).cast<double>());
  }
  Result<double> Scalar(const char* name) const { return TRY(Vector(name, 1))[0]; }
  Index Size(const char* name) const {
    const auto found = tensors_.find(name);
    return found == tensors_.end() ? 0 : found->second.size();
  }

 private:
  std::map<std::string, Tensor> tensors_;
};

Result<Student> ReadStudent(const onnx::GraphProto& graph) {
  const Weights weights = TRY(Weights::Read(graph));
  Student student;
  const Index n = weights.Size("mean");
  const Index h = weights.Size("bias");
  if (n < 1 || h < 1) return Fail(Code::kInvalid, "the model is not one of ours: no mean, no bias");
  student.mean = TRY(weights.Vector("mean", n));
  student.scale = TRY(weights.Vector("scale", n));
  const VectorXd input = TRY(weights.Vector("input", n * h));
  student.input = Eigen::Map<const MatrixXd>(input.data(), h, n);
  student.bias = TRY(weights.Vector("bias", h));
  student.output = TRY(weights.Vector("output", h));
  student.linear = TRY(weights.Vector("linear", n));
  student.offset = TRY(weights.Scalar("offset"));
  student.target_scale = TRY(weights.Scalar("target_scale"));
  student.target_mean = TRY(weights.Scalar("target_mean"));
  if (!student.Finite()) return Fail(Code::kInvalid, "the model has numbers that are not finite");
  return student;
}

Result<onnx::ModelProto> Parse(std::string_view bytes) {
  if (bytes.size() > kMostBytes) {
    return Fail(Code::kInvalid, "the model has {} bytes, at most {} are read", bytes.size(),
                kMostBytes);
  }
  onnx::ModelProto proto;
  if (!proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !proto.has_graph()) {
    return Fail(Code::kInvalid, "this is not an ONNX model");
  }
  TRY(Check(proto));
  return proto;
}

// What the graph does, without names of weights: two files of one shape have the same.
std::string Shape(const onnx::ModelProto& proto) {
  std::string shape;
  for (const onnx::NodeProto& node : proto.graph().node()) {
    shape += node.domain() + " " + node.op_type() + "(";
    for (const std::string& input : node.input()) shape += input + ",";
    shape += ")";
    for (const std::string& output : node.output()) shape += output + ",";
    shape += ";";
  }
  return shape;
}

}  // namespace

Result<std::string> WriteModel(const ModelFile& model) {
  if (!model.student.Finite()) {
    return Fail(Code::kInternal, "the model has numbers that are not finite");
  }
  const onnx::ModelProto proto = Build(model);
  auto checked = Check(proto);
  if (!checked.ok()) return Fail(Code::kInternal, "{}", checked.error().message());
  return proto.SerializeAsString();
}

Result<ModelFile> ReadModel(std::string_view bytes) {
  const onnx::ModelProto proto = TRY(Parse(bytes));
  ModelFile model;
  model.student = TRY(ReadStudent(proto.graph()));
  if (Shape(proto) != Shape(Build(model))) {
    return Fail(Code::kInvalid, "the model's graph is not one of ours");
  }
  for (const auto& property : proto.metadata_props()) {
    model.metadata[property.key()] = property.value();
  }
  return model;
}

struct Evaluator::State {
  onnx::GraphProto graph;
  std::map<std::string, Tensor> weights;
  Index features = 0;
};

Evaluator::Evaluator(std::unique_ptr<State> state) : state_(std::move(state)) {}
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;
Evaluator::~Evaluator() = default;

Result<Evaluator> Evaluator::Load(std::string_view bytes) {
  const onnx::ModelProto proto = TRY(Parse(bytes));
  auto state = std::make_unique<State>();
  state->graph = proto.graph();
  if (state->graph.input_size() != 1 || state->graph.output_size() != 1 ||
      state->graph.input(0).name() != "features" || state->graph.output(0).name() != "score") {
    return Fail(Code::kInvalid, "the model's input and output are not \"features\" and \"score\"");
  }
  const auto& shape = state->graph.input(0).type().tensor_type().shape();
  state->features = shape.dim_size() == 2 ? static_cast<Index>(shape.dim(1).dim_value()) : 0;
  if (state->features < 1) return Fail(Code::kInvalid, "the model does not say how many features");
  for (const onnx::TensorProto& tensor : state->graph.initializer()) {
    state->weights[tensor.name()] = TRY(ReadTensor(tensor));
  }
  return Evaluator(std::move(state));
}

Result<std::vector<float>> Evaluator::Evaluate(std::span<const std::vector<double>> samples) const {
  for (const std::vector<double>& sample : samples) {
    if (static_cast<Index>(sample.size()) == state_->features) continue;
    return Fail(Code::kInvalid, "{} features, the model takes {}", sample.size(), state_->features);
  }
  Tensor features(static_cast<Index>(samples.size()), state_->features);
  for (size_t row = 0; row < samples.size(); ++row) {
    for (Index i = 0; i < state_->features; ++i) {
      features(static_cast<Index>(row), i) =
          static_cast<float>(samples[row][static_cast<size_t>(i)]);
    }
  }
  std::map<std::string, Tensor> values = state_->weights;
  values["features"] = std::move(features);
  for (const onnx::NodeProto& node : state_->graph.node()) TRY(RunNode(node, values));
  const Tensor& score = values["score"];
  if (score.rows() != static_cast<Index>(samples.size()) || score.cols() != 1) {
    return Fail(Code::kInvalid, "the model's score has the shape ({}, {})", score.rows(),
                score.cols());
  }
  return std::vector<float>(score.data(), score.data() + score.size());
}

}  // namespace vmafx::trainer
