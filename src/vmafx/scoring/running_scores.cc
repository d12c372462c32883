#include "vmafx/scoring/running_scores.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace vmafx::scoring {
namespace {

constexpr char kMotion[] = "VMAF_integer_feature_motion_sad_score";  // into a frame
constexpr char kMotion2[] = "VMAF_integer_feature_motion2_score";

// What libvmaf calls them; the models without enhancement gain append that to the name.
std::vector<std::string> FeaturesOf(std::string_view model) {
  if (model == "vmaf_v0.6.1" || model == "vmaf_4k_v0.6.1") {
    return {"VMAF_integer_feature_adm2_score", "VMAF_integer_feature_vif_scale0_score",
            "VMAF_integer_feature_vif_scale1_score", "VMAF_integer_feature_vif_scale2_score",
            "VMAF_integer_feature_vif_scale3_score"};
  }
  if (model == "vmaf_v0.6.1neg" || model == "vmaf_4k_v0.6.1neg") {
    return {"integer_adm2_egl_1", "integer_vif_scale0_egl_1", "integer_vif_scale1_egl_1",
            "integer_vif_scale2_egl_1", "integer_vif_scale3_egl_1"};
  }
  return {};
}

}  // namespace

base::Result<RunningScores> RunningScores::Make(std::string_view model_name) {
  RunningScores running;
  running.features_ = FeaturesOf(model_name);
  if (running.features_.empty()) return running;
  int error = 0;
  running.context_ = MakeContext(0, error);
  if (running.context_) return running;
  return base::Fail(base::Code::kInternal, "starting libvmaf: {}", std::strerror(-error));
}

bool RunningScores::ImportNext(VmafContext* scoring) {
  const auto index = static_cast<unsigned>(scores_.size());
  double into = 0;
  double out_of = 0;
  if (vmaf_feature_score_at_index(scoring, kMotion, &into, index) != 0) return false;
  if (vmaf_feature_score_at_index(scoring, kMotion, &out_of, index + 1) != 0) return false;
  std::vector<std::pair<const char*, double>> values;
  values.emplace_back(kMotion2, index == 0 ? 0 : std::min(into, out_of));
  for (const std::string& feature : features_) {
    double value = 0;
    if (vmaf_feature_score_at_index(scoring, feature.c_str(), &value, index) != 0) return false;
    values.emplace_back(feature.c_str(), value);
  }
  return std::ranges::all_of(values, [&](const auto& value) {
    return vmaf_import_feature_score(context_.get(), value.first, value.second, index) == 0;
  });
}

void RunningScores::Advance(VmafContext* scoring, VmafModel* model) {
  while (!features_.empty() && ImportNext(scoring)) {
    double score = 0;
    const auto index = static_cast<unsigned>(scores_.size());
    if (vmaf_score_at_index(context_.get(), model, &score, index) != 0 || !std::isfinite(score)) {
      features_.clear();  // the report will say what is wrong with this frame
      return;
    }
    scores_.push_back(score);
  }
}

}  // namespace vmafx::scoring
