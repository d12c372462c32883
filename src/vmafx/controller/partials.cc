#include "vmafx/controller/partials.h"

namespace vmafx::controller {

bool Partials::Add(const std::string& job, int32_t attempt, const Partial& report) {
  return jobs_.With([&](auto& jobs) {
    Attempt& known = jobs[job];
    if (known.number != attempt) known = {.number = attempt, .partial = {}};
    Partial& partial = known.partial;
    partial.frames_done = report.frames_done;
    partial.frames_total = report.frames_total;
    if (report.scores.empty()) return true;
    if (report.first > partial.scores.size()) return false;
    partial.scores.resize(report.first);
    partial.scores.insert(partial.scores.end(), report.scores.begin(), report.scores.end());
    return true;
  });
}

Partial Partials::Of(const std::string& job) const {
  return jobs_.Read([&](const auto& jobs) {
    auto found = jobs.find(job);
    return found == jobs.end() ? Partial() : found->second.partial;
  });
}

void Partials::Observe(const Job& job) {
  if (job.status == Status::kRunning) return;
  jobs_.With([&](auto& jobs) { jobs.erase(job.id); });
}

}  // namespace vmafx::controller
