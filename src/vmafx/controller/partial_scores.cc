#include "vmafx/controller/partial_scores.h"

namespace vmafx::controller {

bool PartialScores::Add(const std::string& job, int32_t attempt, uint64_t first,
                        const std::vector<double>& scores) {
  return scores_.With([&](auto& all) {
    Scores& known = all[job];
    if (known.attempt != attempt) known = {.attempt = attempt, .values = {}};
    if (first > known.values.size()) return false;
    known.values.resize(first);
    known.values.insert(known.values.end(), scores.begin(), scores.end());
    return true;
  });
}

std::vector<double> PartialScores::Of(const std::string& job) const {
  return scores_.Read([&](const auto& all) {
    auto found = all.find(job);
    return found == all.end() ? std::vector<double>() : found->second.values;
  });
}

void PartialScores::Observe(const Job& job) {
  if (job.status == Status::kRunning) return;
  scores_.With([&](auto& all) { all.erase(job.id); });
}

}  // namespace vmafx::controller
