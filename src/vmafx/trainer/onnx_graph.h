#pragma once

#include <Eigen/Core>
#include <map>
#include <string>

#include "base/result.h"

namespace onnx {
class NodeProto;
class TensorProto;
}  // namespace onnx

namespace vmafx::trainer {

// A tensor of at most two dimensions in ONNX's order; one dimension is a row.
using Tensor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// kInvalid: not float, more than two dimensions, or not as many numbers as its shape says.
base::Result<Tensor> ReadTensor(const onnx::TensorProto& tensor);

// Computes one node from `values` into them, with ONNX's broadcasting. kInvalid: an operator that
// is not known here, an input that is not there, or shapes that do not fit.
base::Result<> RunNode(const onnx::NodeProto& node, std::map<std::string, Tensor>& values);

}  // namespace vmafx::trainer
