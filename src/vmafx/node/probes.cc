#include "vmafx/node/probes.h"

#include "value/json.h"

namespace vmafx::node {

net::HttpServer::Handlers MakeProbes(const Identity& identity, const Pool& pool,
                                     const Feedback& feedback, Metrics& metrics) {
  const auto alive = [] { return net::Answer{.body = "ok\n"}; };
  return {
      {"/livez", alive},
      {"/startupz", alive},
      {"/readyz",
       [&pool] {
         const std::string reason = pool.NotReady();
         if (reason.empty()) return net::Answer{.body = "ok\n"};
         return net::Answer{.status = 503, .body = reason + "\n"};
       }},
      {"/healthz",
       [&identity, &pool] {
         const value::Json health = {{"status", "ok"},
                                     {"name", identity.name},
                                     {"device", identity.device},
                                     {"backend", identity.backend},
                                     {"slots", identity.slots},
                                     {"jobs_running", pool.jobs()}};
         return net::Answer{.body = health.dump() + "\n", .content_type = "application/json"};
       }},
      {"/metrics",
       [&pool, &feedback, &metrics] {
         return net::Answer{.body = metrics.Render(pool.jobs(), feedback.counts()),
                            .content_type = "text/plain; version=0.0.4; charset=utf-8"};
       }},
  };
}

}  // namespace vmafx::node
