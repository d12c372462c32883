#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kube/client.h"
#include "sys/process.h"

namespace vmafx::operators::testing {

// Runs the pinned helm on the chart of this checkout: Helm({"template", "vmafx", kChart}) with the
// chart's path in place of kChart.
inline constexpr char kChart[] = "<chart>";
base::Result<sys::Exit> Helm(std::vector<std::string> arguments, const base::Until& until);

// All objects of the chart, rendered as release `vmafx` for `vmafx-system`, CRDs first.
base::Result<std::vector<kube::Object>> RenderChart(const std::vector<std::string>& more,
                                                    const base::Until& until);

// Applies the chart to a cluster, but for the registration of its webhook, and waits until its
// kinds are served. Safe to repeat.
base::Result<> ApplyChart(kube::Client& client, const base::Until& until);

}  // namespace vmafx::operators::testing
