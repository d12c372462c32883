#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "vmafx/scoring/reader.h"
#include "vmafx/scoring/score.h"

namespace vmafx::scoring {

// libvmaf, the only place that knows it. One Engine scores one pair of videos. One thread at a
// time; libvmaf's own threads work behind it.
class Engine {
 public:
  // kInvalid for an unknown model (the message lists the built-in ones) or number of threads.
  static base::Result<Engine> Make(const std::string& model, unsigned threads,
                                   const Geometry& geometry);
  Engine(Engine&&) noexcept;
  ~Engine();

  // Memory for the next pair of frames, owned by libvmaf: fill both, then Push. Blocks while
  // libvmaf's threads are some frames behind. kInternal when memory is short.
  struct Pair {
    FrameTarget reference;
    FrameTarget distorted;
  };
  base::Result<Pair> NextPair();
  // Hands the filled pair over to be scored. kInvalid when the model cannot score such pictures.
  base::Result<> Push();

  // The scores of frame 0 and on that are known already, the same numbers that Finish gives; valid
  // until the next call. Trails some frames behind Push. Empty with models other than the v0.6.1
  // family. Never blocks.
  const std::vector<double>& ScoresSoFar();

  // After the last pair, of which there must be one: waits until all are scored. Pooling is
  // libvmaf's own; percentiles are left 0. kInternal when libvmaf fails, or a score or feature is
  // missing or not a number. Blocks for the few pairs that are still being scored.
  struct Scores {
    Pooled pooled;
    std::vector<std::string> feature_names;
    std::vector<FrameScore> frames;
  };
  base::Result<Scores> Finish();

  static std::string Version();

 private:
  struct State;
  explicit Engine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace vmafx::scoring
