#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <libvmaf/libvmaf.h>

#include "base/result.h"
#include "vmafx/scoring/vmaf_handles.h"

namespace vmafx::scoring {

// Scores of a video's first frames while later ones are still being scored, the same numbers that
// the report will hold. libvmaf 3.2 tells none before the end, because it writes motion2 when it is
// flushed. But motion2 of a frame is only the smaller of the motion into it and the motion out of
// it (integer_motion.c), so it is known one frame later: then the frame's features are imported
// into a second context, which is given no picture, and that predicts the score. One thread at a
// time.
class RunningScores {
 public:
  // Of models other than the v0.6.1 family no score is ever known early: their features have
  // options, and motion of theirs is smoothed over the whole video. kInternal: memory.
  static base::Result<RunningScores> Make(std::string_view model_name);

  // Looks which frames `scoring` is through with. Its pictures go through `model` on many threads;
  // frames are taken in order.
  void Advance(VmafContext* scoring, VmafModel* model);

  // Of frame 0 and on, as many as are known.
  const std::vector<double>& scores() const { return scores_; }

 private:
  bool ImportNext(VmafContext* scoring);

  std::vector<std::string> features_;  // besides motion2; empty: nothing is known early
  ContextHandle context_;
  std::vector<double> scores_;
};

}  // namespace vmafx::scoring
