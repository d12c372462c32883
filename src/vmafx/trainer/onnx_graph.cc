#include "vmafx/trainer/onnx_graph.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>

namespace vmafx::trainer {

using base::Code;
using base::Fail;
using base::Result;
using Eigen::Index;

namespace {

constexpr int64_t kMostNumbers = 16 << 20;
static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

// https://github.com/onnx/onnx/blob/main/docs/Broadcasting.md, for two dimensions.
Result<Tensor> Broadcast(const Tensor& a, const Tensor& b,
                         const std::function<float(float, float)>& combine) {
  const Index rows = std::max(a.rows(), b.rows());
  const Index columns = std::max(a.cols(), b.cols());
  const auto fits = [&](const Tensor& side) {
    return (side.rows() == rows || side.rows() == 1) &&
           (side.cols() == columns || side.cols() == 1);
  };
  if (!fits(a) || !fits(b)) {
    return Fail(Code::kInvalid, "shapes ({}, {}) and ({}, {}) do not fit", a.rows(), a.cols(),
                b.rows(), b.cols());
  }
  Tensor result(rows, columns);
  for (Index y = 0; y < rows; ++y) {
    for (Index x = 0; x < columns; ++x) {
      result(y, x) = combine(a(a.rows() == 1 ? 0 : y, a.cols() == 1 ? 0 : x),
                             b(b.rows() == 1 ? 0 : y, b.cols() == 1 ? 0 : x));
    }
  }
  return result;
}

Result<Tensor> Multiply(const Tensor& a, const Tensor& b) {
  if (a.cols() != b.rows()) {
    return Fail(Code::kInvalid, "a product of ({}, {}) and ({}, {})", a.rows(), a.cols(), b.rows(),
                b.cols());
  }
  return Tensor(a * b);
}

Result<Tensor> Clip(const Tensor& values, const Tensor& least, const Tensor& most) {
  if (least.size() != 1 || most.size() != 1) {
    return Fail(Code::kInvalid, "the limits are not single numbers");
  }
  return Tensor(values.array().max(least(0, 0)).min(most(0, 0)));
}

Result<Tensor> Compute(const std::string& type, const std::vector<const Tensor*>& in) {
  const auto takes = [&](const char* name, size_t count) {
    return type == name && in.size() == count;
  };
  if (takes("Add", 2)) return Broadcast(*in[0], *in[1], std::plus<float>());
  if (takes("Sub", 2)) return Broadcast(*in[0], *in[1], std::minus<float>());
  if (takes("Mul", 2)) return Broadcast(*in[0], *in[1], std::multiplies<float>());
  if (takes("Div", 2)) return Broadcast(*in[0], *in[1], std::divides<float>());
  if (takes("MatMul", 2)) return Multiply(*in[0], *in[1]);
  if (takes("Tanh", 1)) return Tensor(in[0]->array().tanh());
  if (takes("Clip", 3)) return Clip(*in[0], *in[1], *in[2]);
  return Fail(Code::kInvalid, "the operator {} with {} inputs is not known here", type, in.size());
}

}  // namespace

Result<Tensor> ReadTensor(const onnx::TensorProto& tensor) {
  if (tensor.data_type() != onnx::TensorProto::FLOAT || tensor.dims_size() > 2) {
    return Fail(Code::kInvalid, "the tensor {} is not of floats in two dimensions", tensor.name());
  }
  const int64_t columns = tensor.dims_size() == 0 ? 1 : tensor.dims(tensor.dims_size() - 1);
  const int64_t rows = tensor.dims_size() == 2 ? tensor.dims(0) : 1;
  const bool sane = rows > 0 && columns > 0 && rows <= kMostNumbers && columns <= kMostNumbers &&
                    rows * columns <= kMostNumbers;
  const auto count = sane ? static_cast<size_t>(rows * columns) : 0;
  const bool raw = tensor.raw_data().size() == count * sizeof(float);
  const bool plain = static_cast<size_t>(tensor.float_data_size()) == count;
  if (!sane || (!raw && !plain)) {
    return Fail(Code::kInvalid, "the tensor {} does not hold what its shape says", tensor.name());
  }
  Tensor result(rows, columns);
  const char* from =
      raw ? tensor.raw_data().data() : reinterpret_cast<const char*>(tensor.float_data().data());
  std::memcpy(result.data(), from, count * sizeof(float));
  return result;
}

Result<> RunNode(const onnx::NodeProto& node, std::map<std::string, Tensor>& values) {
  std::vector<const Tensor*> inputs;
  for (const std::string& name : node.input()) {
    const auto found = values.find(name);
    if (found == values.end()) {
      return Fail(Code::kInvalid, "node {}: no input {}", node.name(), name);
    }
    inputs.push_back(&found->second);
  }
  if (node.output_size() != 1 || node.attribute_size() != 0) {
    return Fail(Code::kInvalid, "node {}: attributes and several outputs are not known here",
                node.name());
  }
  values[node.output(0)] = TRY(Compute(node.op_type(), inputs).During("node " + node.name()));
  return base::Ok();
}

}  // namespace vmafx::trainer
