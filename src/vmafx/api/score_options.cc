#include "vmafx/api/score_options.h"

#include <algorithm>

#include "base/text.h"
#include "vmafx/v1/scoring.pb.h"

namespace vmafx::api {

using base::Code;
using base::Fail;

namespace {

constexpr uint32_t kLargestSide = 16384;
constexpr uint32_t kMostThreads = 256;

// What this version applies. Everything else of the message is refused by name, so that an option
// is never silently without effect.
const std::vector<std::string>& Applied() {
  static const std::vector<std::string> names = {"width",   "height",  "pixel_format", "bitdepth",
                                                 "backend", "threads", "precision"};
  return names;
}

void CheckFields(const v1::ScoreOptions& options, std::vector<std::string>& problems) {
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  const auto* reflection = options.GetReflection();
  reflection->ListFields(options, &fields);
  for (const auto* field : fields) {
    if (std::ranges::find(Applied(), field->name()) == Applied().end()) {
      problems.push_back(fmt::format("option {} is not supported by this version (supported: {})",
                                     field->name(), base::Join(Applied(), ", ")));
    }
  }
  const auto& unknown = reflection->GetUnknownFields(options);
  for (int i = 0; i < unknown.field_count(); ++i) {
    problems.push_back(fmt::format("option number {} is unknown", unknown.field(i).number()));
  }
}

void CheckGeometry(const v1::ScoreOptions& options, std::vector<std::string>& problems) {
  std::vector<std::string> missing;
  if (options.width() == 0) missing.emplace_back("width");
  if (options.height() == 0) missing.emplace_back("height");
  if (options.pixel_format().empty()) missing.emplace_back("pixel_format");
  if (options.bitdepth() == 0) missing.emplace_back("bitdepth");
  if (missing.size() == 4) return;
  if (!missing.empty()) {
    problems.push_back(
        fmt::format("geometry needs width, height, pixel_format and bitdepth: {} missing",
                    base::Join(missing, ", ")));
  }
  if (options.width() > kLargestSide || options.height() > kLargestSide) {
    problems.push_back(fmt::format("size {}x{} is above {}x{}", options.width(), options.height(),
                                   kLargestSide, kLargestSide));
  }
  const std::string& format = options.pixel_format();
  if (!format.empty() && format != "420" && format != "422" && format != "444") {
    problems.push_back(fmt::format("pixel_format \"{}\" is not 420, 422 or 444", format));
  }
  const uint32_t depth = options.bitdepth();
  if (depth != 0 && depth != 8 && depth != 10 && depth != 12 && depth != 16) {
    problems.push_back(fmt::format("bitdepth {} is not 8, 10, 12 or 16", depth));
  }
}

}  // namespace

const std::vector<std::string>& Backends() {
  static const std::vector<std::string> names = {"cpu", "cuda", "sycl", "hip", "metal"};
  return names;
}

base::Result<> CheckBackend(std::string_view backend) {
  if (backend.empty() || std::ranges::find(Backends(), backend) != Backends().end()) {
    return base::Ok();
  }
  return Fail(Code::kInvalid, "backend \"{}\" is not one of {}{}", backend,
              base::Join(Backends(), ", "), base::DidYouMean(backend, Backends()));
}

base::Result<> CheckScoreOptions(const v1::ScoreOptions& options) {
  std::vector<std::string> problems;
  CheckFields(options, problems);
  CheckGeometry(options, problems);
  if (options.backend() != "auto") {
    auto backend = CheckBackend(options.backend());
    if (!backend.ok()) problems.push_back("option " + backend.error().message());
  }
  if (options.threads() > kMostThreads) {
    problems.push_back(fmt::format("threads {} is above {}", options.threads(), kMostThreads));
  }
  if (!options.precision().empty() && options.precision() != "max") {
    problems.push_back(fmt::format("precision \"{}\" is not max", options.precision()));
  }
  if (problems.empty()) return base::Ok();
  return base::Error(Code::kInvalid, base::Join(problems, "; "));
}

}  // namespace vmafx::api
