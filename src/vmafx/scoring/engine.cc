#include "vmafx/scoring/engine.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <libvmaf/libvmaf.h>

#include "base/text.h"
#include "vmafx/scoring/running_scores.h"
#include "vmafx/scoring/vmaf_handles.h"

namespace vmafx::scoring {
namespace {

constexpr unsigned kMostThreads = 256;

// libvmaf has no way to ask which models it was built with: these are looked for.
constexpr const char* kModels[] = {
    kDefaultModel,           "vmaf_v0.6.1neg",         "vmaf_4k_v0.6.1",
    "vmaf_4k_v0.6.1neg",     "vmaf_v1.0.16_3d0h",      "vmaf_v1.0.16_3d0h_2160",
    "vmaf_v1.0.16_5d0h",     "vmaf_v1.0.16_1d5h_2160", "vmaf_v1.0.16_hfr_3d0h",
    "vmaf_v1.0.16_hfr_5d0h",
};

// Null when it is not one of kModels, or this build of libvmaf lacks it.
ModelHandle LoadModel(std::string_view name) {
  if (std::find(std::begin(kModels), std::end(kModels), name) == std::end(kModels)) return nullptr;
  VmafModelConfig config{"vmaf", VMAF_MODEL_FLAGS_DEFAULT};
  VmafModel* model = nullptr;
  if (vmaf_model_load(&model, &config, std::string(name).c_str()) != 0) return nullptr;
  return ModelHandle(model);
}

// libvmaf's return values are negative errno codes.
std::string Reason(int error) {
  return std::strerror(-error);
}

VmafPixelFormat ToVmaf(Chroma chroma) {
  switch (chroma) {
    case Chroma::k420:
      return VMAF_PIX_FMT_YUV420P;
    case Chroma::k422:
      return VMAF_PIX_FMT_YUV422P;
    case Chroma::k444:
      return VMAF_PIX_FMT_YUV444P;
  }
  return VMAF_PIX_FMT_UNKNOWN;
}

FrameTarget TargetOf(const VmafPicture& picture) {
  FrameTarget target;
  for (size_t i = 0; i < 3; ++i) {
    target[i] = PlaneTarget{static_cast<uint8_t*>(picture.data[i]),
                            static_cast<size_t>(picture.stride[i]), picture.w[i], picture.h[i]};
  }
  return target;
}

// A feature as reports call it and as libvmaf calls it (models with options of their own append
// them to the name). Which of them a model computes is found out at the first score.
struct Feature {
  const char* name;
  const char* vmaf_name;
};
constexpr Feature kFeatures[] = {
    {"adm2", "VMAF_integer_feature_adm2_score"},
    {"adm2", "integer_adm2_egl_1"},
    {"motion2", "VMAF_integer_feature_motion2_score"},
    {"vif_scale0", "VMAF_integer_feature_vif_scale0_score"},
    {"vif_scale0", "integer_vif_scale0_egl_1"},
    {"vif_scale1", "VMAF_integer_feature_vif_scale1_score"},
    {"vif_scale1", "integer_vif_scale1_egl_1"},
    {"vif_scale2", "VMAF_integer_feature_vif_scale2_score"},
    {"vif_scale2", "integer_vif_scale2_egl_1"},
    {"vif_scale3", "VMAF_integer_feature_vif_scale3_score"},
    {"vif_scale3", "integer_vif_scale3_egl_1"},
};

}  // namespace

std::vector<std::string> BuiltInModels() {
  std::vector<std::string> names;
  for (const char* name : kModels) {
    if (LoadModel(name)) names.emplace_back(name);
  }
  return names;
}

struct Engine::State {
  ~State() { DropPair(); }  // before the context, which waits for all pictures to come back

  void DropPair() {
    for (VmafPicture* picture : {&reference, &distorted}) {
      if (picture->ref != nullptr) vmaf_picture_unref(picture);
    }
  }

  base::Result<> Flush();
  // The value, or kInternal that says what is wrong with it.
  base::Result<double> Checked(int error, double value, std::string_view what,
                               unsigned index) const;
  void FindFeatures();
  base::Result<FrameScore> ScoreOf(unsigned index);
  base::Result<Pooled> Pool();

  ModelHandle model;
  ContextHandle context;
  std::string model_name;
  Geometry geometry;
  VmafPicture reference{};
  VmafPicture distorted{};
  unsigned pushed = 0;
  std::vector<Feature> features;
  RunningScores running;
};

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::Engine(Engine&&) noexcept = default;
Engine::~Engine() = default;

base::Result<Engine> Engine::Make(const std::string& model, unsigned threads,
                                  const Geometry& geometry) {
  if (threads < 1 || threads > kMostThreads) {
    return base::Fail(base::Code::kInvalid, "{} threads: must be from 1 to {}", threads,
                      kMostThreads);
  }
  auto state = std::make_unique<State>();
  state->model_name = model;
  state->geometry = geometry;
  state->model = LoadModel(model);
  if (!state->model) {
    std::vector<std::string> models = BuiltInModels();
    return base::Fail(base::Code::kInvalid, "unknown model \"{}\"{}; built in are {}", model,
                      base::DidYouMean(model, models), base::Join(models, ", "));
  }

  int error = 0;
  state->context = MakeContext(threads, error);
  if (error != 0) return base::Fail(base::Code::kInternal, "starting libvmaf: {}", Reason(error));
  VmafContext* context = state->context.get();
  error = vmaf_use_features_from_model(context, state->model.get());
  if (error != 0) {
    return base::Fail(base::Code::kInternal, "features of model {}: {}", model, Reason(error));
  }

  state->running = TRY(RunningScores::Make(model));

  // For each thread a pair; a pair being read and one waiting; the two past references that libvmaf
  // keeps, twice. Fewer would let reading hold up scoring, and below 4 would deadlock.
  VmafPictureConfiguration pictures{};
  pictures.pic_params = {geometry.width, geometry.height,
                         static_cast<unsigned>(geometry.pixel_format.bit_depth),
                         ToVmaf(geometry.pixel_format.chroma)};
  pictures.pic_cnt = 2 * threads + 8;
  error = vmaf_preallocate_pictures(context, pictures);
  if (error != 0) {
    return base::Fail(base::Code::kInternal, "memory for {} pictures of {}: {}", pictures.pic_cnt,
                      ToString(geometry), Reason(error));
  }
  return Engine(std::move(state));
}

base::Result<Engine::Pair> Engine::NextPair() {
  state_->DropPair();
  for (VmafPicture* picture : {&state_->reference, &state_->distorted}) {
    int error = vmaf_fetch_preallocated_picture(state_->context.get(), picture);
    if (error != 0) {
      return base::Fail(base::Code::kInternal, "memory for a picture: {}", Reason(error));
    }
  }
  return Pair{TargetOf(state_->reference), TargetOf(state_->distorted)};
}

base::Result<> Engine::Push() {
  int error = vmaf_read_pictures(state_->context.get(), &state_->reference, &state_->distorted,
                                 state_->pushed);
  state_->DropPair();  // on errors libvmaf does not always take them
  if (error != 0) {
    return base::Fail(base::Code::kInvalid,
                      "libvmaf refused frame {} ({}): model {} may not accept {}", state_->pushed,
                      Reason(error), state_->model_name, ToString(state_->geometry));
  }
  ++state_->pushed;
  return base::Ok();
}

const std::vector<double>& Engine::ScoresSoFar() {
  state_->running.Advance(state_->context.get(), state_->model.get());
  return state_->running.scores();
}

void Engine::State::FindFeatures() {
  for (const Feature& feature : kFeatures) {
    double value = 0;
    if (vmaf_feature_score_at_index(context.get(), feature.vmaf_name, &value, 0) == 0) {
      features.push_back(feature);
    }
  }
}

base::Result<> Engine::State::Flush() {
  DropPair();
  int error = vmaf_read_pictures(context.get(), nullptr, nullptr, 0);
  if (error == 0) return base::Ok();
  return base::Fail(base::Code::kInternal, "libvmaf could not finish model {} on {}: {}",
                    model_name, ToString(geometry), Reason(error));
}

base::Result<double> Engine::State::Checked(int error, double value, std::string_view what,
                                            unsigned index) const {
  if (error != 0) {
    return base::Fail(base::Code::kInternal,
                      "libvmaf has no {} for frame {}: {} (model {} may not accept {})", what,
                      index, Reason(error), model_name, ToString(geometry));
  }
  if (!std::isfinite(value)) {
    return base::Fail(base::Code::kInternal, "{} of frame {} is {}, not a number", what, index,
                      value);
  }
  return value;
}

base::Result<FrameScore> Engine::State::ScoreOf(unsigned index) {
  FrameScore frame;
  frame.index = index;
  double value = 0;
  int error = vmaf_score_at_index(context.get(), model.get(), &value, index);
  frame.vmaf = TRY(Checked(error, value, "score", index));
  if (index == 0) FindFeatures();
  for (const Feature& feature : features) {
    error = vmaf_feature_score_at_index(context.get(), feature.vmaf_name, &value, index);
    frame.features.push_back(TRY(Checked(error, value, feature.name, index)));
  }
  return frame;
}

base::Result<Pooled> Engine::State::Pool() {
  Pooled pooled;
  const struct {
    VmafPoolingMethod method;
    double* into;
  } wanted[] = {{VMAF_POOL_METHOD_MEAN, &pooled.mean},
                {VMAF_POOL_METHOD_HARMONIC_MEAN, &pooled.harmonic_mean},
                {VMAF_POOL_METHOD_MIN, &pooled.min}};
  for (const auto& [method, into] : wanted) {
    double value = 0;
    int error = vmaf_score_pooled(context.get(), model.get(), method, &value, 0, pushed - 1);
    *into = TRY(Checked(error, value, "pooled score", pushed - 1));
  }
  return pooled;
}

base::Result<Engine::Scores> Engine::Finish() {
  CHECK(state_->pushed > 0);
  TRY(state_->Flush());
  Scores scores;
  scores.frames.reserve(state_->pushed);
  for (unsigned index = 0; index < state_->pushed; ++index) {
    scores.frames.push_back(TRY(state_->ScoreOf(index)));
  }
  for (const Feature& feature : state_->features) scores.feature_names.emplace_back(feature.name);
  scores.pooled = TRY(state_->Pool());
  return scores;
}

std::string Engine::Version() {
  return vmaf_version();
}

}  // namespace vmafx::scoring
