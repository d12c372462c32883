// A checkpoint as a registry gives it out.

#include <cmath>
#include <vector>

#include "base/check.h"
#include "fuzz/input.h"
#include "vmafx/trainer/onnx_model.h"

namespace {

using namespace vmafx::trainer;  // NOLINT

using Samples = std::vector<std::vector<double>>;

constexpr Eigen::Index kMostFeatures = 1000;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes = fuzz::Text(data, size);
  const auto model = ReadModel(bytes);
  CHECK(model.ok() || !model.error().message().empty());
  const auto evaluator = Evaluator::Load(bytes);
  CHECK(evaluator.ok() || !evaluator.error().message().empty());
  if (evaluator.ok()) (void)evaluator->Evaluate(Samples({{0.5, 0.5, 0.5}})).ok();
  if (!model.ok()) return 0;
  // What is one of ours is written, read back the same, and evaluated.
  const Student& student = model->student;
  if (student.features() > kMostFeatures) return 0;
  const auto written = WriteModel(*model);
  CHECK(written.ok());
  const auto again = ReadModel(*written);
  CHECK(again.ok() && again->metadata == model->metadata);
  const std::vector<double> sample(static_cast<size_t>(student.features()), 0.5);
  CHECK(again->student.Predict(sample) == student.Predict(sample) ||
        std::isnan(student.Predict(sample)));
  const auto same = Evaluator::Load(*written);
  CHECK(same.ok() && same->Evaluate(Samples({sample})).ok());
  return 0;
}
