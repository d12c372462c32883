#pragma once

// scoring: how alike two videos look to people, by libvmaf, linked in. Readers of raw YUV and Y4M,
// the confined ffmpeg that decodes all else, the check that the two sides belong together, the
// engine, and the report. No Kubernetes, no network. Called by the node worker and by `vmafx`.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "vmafx/scoring/input.h"
#include "vmafx/scoring/video.h"

namespace vmafx::scoring {

constexpr char kDefaultModel[] = "vmaf_v0.6.1";

// The score of one frame and what it was made of.
struct FrameScore {
  uint64_t index = 0;            // from 0
  double vmaf = 0;               // 0 to 100
  std::vector<double> features;  // in the order of ScoreReport::feature_names
};

struct Progress {
  uint64_t done = 0;              // pairs of frames read and handed to libvmaf so far
  std::optional<uint64_t> total;  // unknown for Y4M and for a pipe
  // Of frame 0 and on, as many as are known; they do not change any more. Valid during the call.
  // Empty with models other than the v0.6.1 family, which need the whole video.
  std::span<const double> scores;
};

// The luma plane of a frame: rows of 8-bit samples, or of little-endian 16-bit ones with the value
// in the low bits where bit_depth is above 8. Valid during the call that is given it.
struct Luma {
  const uint8_t* data = nullptr;
  size_t stride = 0;  // bytes from row to row
  uint32_t width = 0;
  uint32_t height = 0;
  int bit_depth = 8;
};

struct ScoreRequest {
  // Read once from begin to end. What starts with a Y4M header is Y4M; a container (MP4, Matroska,
  // ...) must be a file and is decoded by `ffmpeg`; everything else is raw YUV and needs
  // `geometry`.
  Input reference;
  Input distorted;
  // Of raw files. For others it may be left out; where given, they must agree.
  std::optional<Geometry> geometry;
  // How the user can give it, for the message about a raw file without: "--size ...".
  std::string geometry_hint;
  // The path of the program that decodes containers; empty: there is none, and they are refused.
  std::filesystem::path ffmpeg;
  std::string ffmpeg_hint;            // how the user can give it
  std::string model = kDefaultModel;  // one of BuiltInModels()
  unsigned threads = 1;               // of libvmaf, and of each decoder, 1 to 256
  // Called after each pair of frames, on the thread of Score. Stop through until.stop(). May be
  // empty.
  std::function<void(const Progress&)> on_progress;
  // Called with the luma of each pair of frames before it is scored, on the thread of Score, which
  // waits for it. May be empty.
  std::function<void(uint64_t index, const Luma& reference, const Luma& distorted)> on_frame;
};

// Of the frames' scores. The harmonic mean is libvmaf's, n / sum(1 / (score + 1)) - 1; percentiles
// interpolate linearly between the nearest ranks.
struct Pooled {
  double mean = 0;
  double harmonic_mean = 0;
  double min = 0;
  double p1 = 0;
  double p5 = 0;
};

struct Provenance {
  std::string engine = "libvmaf";
  std::string engine_version;        // as the library says
  std::string model;                 // name of the built-in model
  std::string model_sha256;          // of its JSON, in hex; empty where libvmaf does not show it
  std::string backend_used = "cpu";  // what really computed the score
  uint64_t frames_scored = 0;
};

struct ScoreReport {
  Pooled vmaf;
  // "adm2", "motion2", "vif_scale0" to "vif_scale3" for the default model, in sorted order; and the
  // mean of each over all frames, in the same order.
  std::vector<std::string> feature_names;
  std::vector<double> feature_means;
  std::vector<FrameScore> frames;
  Geometry geometry;
  Provenance provenance;
  base::Duration elapsed{};
};

// Scores the pair. Blocks for as long as that takes: about 35 frames of 1080p a second and thread.
// Memory for pictures does not grow with length; about 100 bytes a frame are kept for the report.
//
// kInvalid: an input, the geometry or the model is wrong, or the two sides differ in size, pixel
// format or number of frames, or a file is not a whole number of frames; the message names both
// sides with numbers. There never is a score for such a pair. kNotFound, kDenied: a file. kTimeout,
// kCancelled: `until`. kInternal: libvmaf failed or gave a score that is not a number. Thread-safe.
base::Result<ScoreReport> Score(const ScoreRequest& request, const base::Until& until);

// Names of the models that are built in, the default first.
std::vector<std::string> BuiltInModels();

enum class Frames { kLeftOut, kIncluded };

// The whole report as a JSON object in the given indentation (-1: one line), numbers in the
// shortest form that reads back the same: {"vmaf": {"mean", "harmonicMean", "min", "p1", "p5"},
// "features": {...}, "provenance": {"engine", "engineVersion", "model", "modelSha256",
// "backend", "framesScored"},
// "video": {"width", "height", "pixelFormat"}, "seconds", "frames": [{"index", "vmaf", ...}]}.
std::string RenderJson(const ScoreReport& report, Frames frames, int indent = 2);

}  // namespace vmafx::scoring
