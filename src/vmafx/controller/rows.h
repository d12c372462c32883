#pragma once

#include <string>

#include "vmafx/controller/job.h"
#include "vmafx/controller/sqlite.h"

namespace vmafx::controller {

// How a Job lies in its row of table jobs.

// The columns that JobFromRow reads, in its order.
extern const char kJobColumns[];
Job JobFromRow(const Row& row);

std::string ScoringToJson(const Scoring& scoring);
std::string FeaturesToJson(const std::map<std::string, double>& features);
std::string PooledToJson(const Pooled& pooled);

}  // namespace vmafx::controller
