#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "net/http_server.h"
#include "vmafx/trainer/board.h"

namespace vmafx::trainer {

// What the status port serves:
//
//   GET /status     as JSON; ?revision=N&wait=30s answers once the revision is another than N, or
//                   after the wait (at most a minute)
//   GET /features   {"n_features": …, "features": [names in order]}
//   GET /samples/newest
//                   the last sample that was counted since the start, as it came; 404 when there is
//                   none
//   POST /predict   {"features": [[…], …]} to {"scores": […], "base_scores": […], "samples": …}:
//                   what the model as learnt so far, and the base model, say of clips
//   GET /healthz, /livez, /readyz (503 until it takes samples), /metrics
//
// Handlers may block (thread_per_connection), until `stop` at the latest. `board` and `clock` must
// outlive them.
std::vector<net::Route> MakeRoutes(Board& board, base::Clock& clock, std::stop_token stop,
                                   std::string version);

// The body of /status.
std::string StatusJson(const View& view);

// The Prometheus exposition of /metrics.
std::string RenderMetrics(const View& view, const std::string& version);

}  // namespace vmafx::trainer
