#include "vmafx/scoring/testing/referee.h"

#include <cstdlib>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "sys/files.h"
#include "sys/process.h"

namespace vmafx::scoring::testing {

base::Result<Referee> Referee::Find(const base::Until& until) {
  const char* source = std::getenv("SEATRIAL_SOURCE_DIR");
  if (source == nullptr) {
    return base::Error(base::Code::kInvalid, "SEATRIAL_SOURCE_DIR is not set: run with ctest");
  }
  std::string script = std::string(source) + "/tools/referee/ffmpeg";
  std::string output = TRY(sys::RunOrFail({.argv = {script}}, until));
  // Its last line; those before say what it fetched.
  std::vector<std::string> lines = base::Split(base::Trim(output), '\n');
  return Referee(lines.back());
}

base::Result<Referee::Verdict> Referee::Score(const std::filesystem::path& reference,
                                              const std::filesystem::path& distorted,
                                              const Geometry& geometry, const std::string& model,
                                              const base::Until& until) const {
  sys::TempDir folder = TRY(sys::TempDir::Make());
  sys::Command command;
  command.argv = {program_, "-nostdin", "-v", "error"};
  for (const auto& path : {distorted, reference}) {  // the filter takes the distorted one first
    std::string size = fmt::format("{}x{}", geometry.width, geometry.height);
    for (const std::string& word : {std::string("-f"), std::string("rawvideo"), std::string("-s"),
                                    size, std::string("-pix_fmt"), ToString(geometry.pixel_format),
                                    std::string("-i"), path.string()}) {
      command.argv.push_back(word);
    }
  }
  std::filesystem::path log = folder.path() / "log.json";
  command.argv.insert(
      command.argv.end(),
      {"-lavfi",
       // Neither side may be converted before it is scored.
       fmt::format("[0:v]format={0}[d];[1:v]format={0}[r];[d][r]libvmaf=log_fmt=json:"
                   "log_path={1}:model=version={2}",
                   ToString(geometry.pixel_format), log.string(), model),
       "-f", "null", "-"});
  TRY(sys::RunOrFail(std::move(command), until));

  auto json = nlohmann::json::parse(TRY(sys::ReadFile(log)), nullptr, false);
  if (json.is_discarded()) return base::Error(base::Code::kInternal, "the log is not JSON");
  Verdict verdict;
  const auto& pooled = json["pooled_metrics"]["vmaf"];
  verdict.mean = pooled["mean"].get<double>();
  verdict.harmonic_mean = pooled["harmonic_mean"].get<double>();
  verdict.min = pooled["min"].get<double>();
  for (const auto& frame : json["frames"]) {
    verdict.frames.push_back(frame["metrics"].get<std::map<std::string, double>>());
  }
  return verdict;
}

}  // namespace vmafx::scoring::testing
