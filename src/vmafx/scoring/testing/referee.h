#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "vmafx/scoring/video.h"

namespace vmafx::scoring::testing {

// ffmpeg with its own copy of libvmaf, fetched by tools/referee/ffmpeg on first use: what our
// scores are held against. It shares no code with us but libvmaf's sources, of another build and
// version.
class Referee {
 public:
  // kInternal with the script's output when it cannot be fetched.
  static base::Result<Referee> Find(const base::Until& until);

  // The path of that ffmpeg.
  const std::string& program() const { return program_; }

  struct Verdict {
    double mean = 0;
    double harmonic_mean = 0;
    double min = 0;
    std::vector<std::map<std::string, double>> frames;  // "vmaf", "integer_adm2", ...
  };
  // What its libvmaf filter says about two raw files, to the 6 decimals that it writes.
  base::Result<Verdict> Score(const std::filesystem::path& reference,
                              const std::filesystem::path& distorted, const Geometry& geometry,
                              const std::string& model, const base::Until& until) const;

 private:
  explicit Referee(std::string program) : program_(std::move(program)) {}
  std::string program_;
};

}  // namespace vmafx::scoring::testing
