#pragma once

#include <string>

#include "base/result.h"
#include "vmafx/client/chart.h"
#include "vmafx/controller/v1/controller.pb.h"
#include "vmafx/scoring/score.h"

namespace app {

// The frames of a pair that was scored here.
vmafx::client::Chart ChartOf(const vmafx::scoring::ScoreReport& report,
                             const std::string& reference, const std::string& distorted);

// The frames of a job that the platform has scored.
vmafx::client::Chart ChartOf(const vmafx::controller::v1::Job& job);

// Writes the page, whole or not at all.
base::Result<> WritePage(const std::string& path, const vmafx::client::Chart& chart);

}  // namespace app
