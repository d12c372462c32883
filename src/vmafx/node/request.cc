#include "vmafx/node/request.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "vmafx/node/inputs.h"

namespace vmafx::node {

using base::Code;
using base::Fail;
using base::Result;

namespace {

Result<std::optional<scoring::Geometry>> GeometryOf(const Assignment& job) {
  if (job.width == 0 && job.height == 0 && job.pixel_format.empty() && job.bit_depth == 0) {
    return std::optional<scoring::Geometry>();
  }
  const std::string name = fmt::format("yuv{}p{}", job.pixel_format,
                                       job.bit_depth == 8 ? "" : std::to_string(job.bit_depth));
  scoring::Geometry geometry{job.width, job.height, TRY(scoring::ParsePixelFormat(name))};
  TRY(scoring::Validate(geometry));
  return std::optional<scoring::Geometry>(geometry);
}

Result<> CheckBackend(const Assignment& job, const Capacity& capacity) {
  if (job.backend.empty() || job.backend == capacity.backend) return base::Ok();
  return Fail(Code::kInvalid,
              "backend {} is asked for, this worker scores on {}, and no fallback is allowed",
              job.backend, capacity.backend);
}

Result<> CheckModel(const std::string& model) {
  const auto models = scoring::BuiltInModels();
  if (model.empty() || std::ranges::find(models, model) != models.end()) return base::Ok();
  return Fail(Code::kInvalid, "model \"{}\" is not built in ({}){}", model,
              base::Join(models, ", "), base::DidYouMean(model, models));
}

}  // namespace

Result<scoring::ScoreRequest> BuildRequest(const Assignment& job, const Capacity& capacity,
                                           const base::Log& log, const base::Until& until) {
  std::vector<std::string> problems;
  Code code = Code::kInvalid;
  const auto note = [&](const base::Error& error, std::string_view about) {
    problems.push_back(fmt::format("{}{}", about, error.message()));
    code = error.code();
  };
  if (!job.problem.empty()) problems.push_back(job.problem);
  if (auto backend = CheckBackend(job, capacity); !backend.ok()) note(backend.error(), "");
  if (auto model = CheckModel(job.model); !model.ok()) note(model.error(), "");
  auto geometry = GeometryOf(job);
  if (!geometry.ok()) note(geometry.error(), "options: ");
  auto reference = CheckInput(job.reference, capacity.roots, capacity.sources);
  if (!reference.ok()) note(reference.error(), "reference ");
  auto distorted = CheckInput(job.distorted, capacity.roots, capacity.sources);
  if (!distorted.ok()) note(distorted.error(), "distorted ");
  if (!problems.empty()) return base::Error(code, base::Join(problems, "; "));

  scoring::ScoreRequest request;
  InputPair inputs = TRY(OpenInputs(*reference, *distorted, capacity.sources, log, until));
  request.reference = std::move(inputs.reference);
  request.distorted = std::move(inputs.distorted);
  request.ffmpeg = capacity.ffmpeg;
  request.ffmpeg_hint = "VMAFX_FFMPEG_BIN of the worker";
  request.geometry = *std::move(geometry);
  request.geometry_hint = "spec.options: width, height, pixelFormat and bitdepth";
  if (!job.model.empty()) request.model = job.model;
  request.threads = job.threads != 0 ? job.threads : capacity.threads;
  return request;
}

Result<> CheckNumbers(const scoring::ScoreReport& report) {
  const auto bad = [](std::string_view what, double value) {
    return Fail(Code::kInternal, "the {} is {}, not a number", what, value);
  };
  for (const auto& [what, value] : {std::pair("mean score", report.vmaf.mean),
                                    std::pair("harmonic mean score", report.vmaf.harmonic_mean),
                                    std::pair("lowest score", report.vmaf.min),
                                    std::pair("1st percentile of the scores", report.vmaf.p1),
                                    std::pair("5th percentile of the scores", report.vmaf.p5)}) {
    if (!std::isfinite(value)) return bad(what, value);
  }
  for (const scoring::FrameScore& frame : report.frames) {
    if (!std::isfinite(frame.vmaf))
      return bad(fmt::format("score of frame {}", frame.index), frame.vmaf);
    for (size_t i = 0; i < frame.features.size(); ++i) {
      if (std::isfinite(frame.features[i])) continue;
      return bad(fmt::format("feature {} of frame {}", report.feature_names[i], frame.index),
                 frame.features[i]);
    }
  }
  return base::Ok();
}

}  // namespace vmafx::node
