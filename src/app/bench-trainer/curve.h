#pragma once

#include <string>
#include <vector>

namespace bench {

// One point of the learning curve.
struct Point {
  int64_t samples = 0;  // seen by the trainer
  double plcc = 0;      // on pairs that it never saw
  double error = 0;     // root mean square, in points of the score
  std::string gate;     // of the checkpoint that was written then, or ""
};

// A picture of the curve as one self-contained SVG file. `poisoned_from`: where the poisoned batch
// began.
std::string DrawCurve(const std::vector<Point>& points, int64_t poisoned_from);

}  // namespace bench
