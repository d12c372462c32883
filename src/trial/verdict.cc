#include "trial/verdict.h"

#include <fmt/format.h>

namespace trial {

std::string_view ToString(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return "passed";
    case Verdict::kFailed:
      return "failed";
    case Verdict::kErrored:
      return "errored";
    case Verdict::kSkipped:
      return "skipped";
  }
  return "";
}

Verdict Worse(Verdict one, Verdict other) {
  for (const Verdict verdict : {Verdict::kErrored, Verdict::kFailed, Verdict::kPassed})
    if (one == verdict || other == verdict) return verdict;
  return Verdict::kSkipped;
}

void Totals::Add(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      ++passed;
      break;
    case Verdict::kFailed:
      ++failed;
      break;
    case Verdict::kErrored:
      ++errored;
      break;
    case Verdict::kSkipped:
      ++skipped;
      break;
  }
}

std::string Failure::Place() const {
  if (file.empty()) return "";
  return line > 0 ? fmt::format("{}:{}", file, line) : file;
}

}  // namespace trial
