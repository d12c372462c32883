#pragma once

#include <string>

#include "net/http_server.h"
#include "vmafx/node/feedback.h"
#include "vmafx/node/metrics.h"
#include "vmafx/node/pool.h"

namespace vmafx::node {

// What a pool worker answers over HTTP: /livez and /startupz (it runs), /readyz (503 with the
// reason while pool.NotReady()), /healthz (200 with JSON: status, device, backend, slots, running
// jobs: what a VmafxNode's annotation vmafx.dev/healthz-url asks for), /metrics. All must outlive
// the server.
net::HttpServer::Handlers MakeProbes(const Identity& identity, const Pool& pool,
                                     const Feedback& feedback, Metrics& metrics);

}  // namespace vmafx::node
