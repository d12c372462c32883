#include "vmafx/operator/operator.h"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "ctrl/http_server.h"
#include "ctrl/leader_lease.h"
#include "ctrl/manager.h"
#include "vmafx/operator/jobs_part.h"
#include "vmafx/operator/nodes_part.h"
#include "vmafx/operator/trainings_part.h"

namespace vmafx::operators {
namespace {

net::HttpServer::Handlers Metrics(const prometheus::Registry& registry) {
  return {{"/metrics", [&registry] {
             return net::Answer{200, prometheus::TextSerializer().Serialize(registry.Collect()),
                                "text/plain; version=0.0.4; charset=utf-8"};
           }}};
}

ctrl::LeaderLeaseOptions LeaseOptions(const OperatorOptions& options) {
  ctrl::LeaderLeaseOptions lease;
  lease.key = options.lease;
  lease.identity = options.identity;
  lease.duration = options.lease_duration;
  lease.give_up = options.lease_duration / 3 * 2;
  lease.renew_every = options.lease_duration / 7;
  return lease;
}

}  // namespace

struct Operator::Parts {
  Parts(OperatorOptions given, kube::Client& client, ControllerClient& controller,
        base::Clock& clock, base::Log log)
      : options(std::move(given)),
        manager(log),
        health(options.health_address, ctrl::HealthHandlers(manager)),
        metrics(options.metrics_address, Metrics(registry)),
        lease(LeaseOptions(options), client, clock, log,
              [this](base::Error error) { manager.Fail(std::move(error)); }),
        webhook(options.webhook, client, clock, log, registry),
        stores(client, clock, log),
        jobs(MakeJobsPart({.workers = options.workers, .worker = options.worker}, controller,
                          {client, stores, clock, log, registry})),
        nodes(MakeNodesPart(options.nodes, controller, {client, stores, clock, log, registry})),
        trainings(MakeTrainingsPart(options.trainings, {client, stores, clock, log, registry})) {
    manager.Add("health", health);
    manager.Add("metrics", metrics);
    // Before the lease: a standby answers too.
    if (!options.webhook.address.empty()) manager.Add("webhook", webhook);
    if (options.leader_election) manager.Add("lease", lease);
    manager.Add("stores", stores);
    manager.Add("vmafxjobs", jobs);
    manager.Add("vmafxnodes", nodes);
    manager.Add("vmafxmodeltrainings", trainings);
  }

  OperatorOptions options;
  prometheus::Registry registry;
  ctrl::Manager manager;
  ctrl::HttpServer health;
  ctrl::HttpServer metrics;
  ctrl::LeaderLease lease;
  Webhook webhook;
  StoresPart stores;
  ctrl::LatePart jobs;
  ctrl::LatePart nodes;
  ctrl::LatePart trainings;
};

Operator::Operator(OperatorOptions options, kube::Client& client, ControllerClient& controller,
                   base::Clock& clock, base::Log log)
    : parts_(
          std::make_unique<Parts>(std::move(options), client, controller, clock, std::move(log))) {}

Operator::~Operator() = default;

base::Result<> Operator::Run(const base::Until& until) {
  return parts_->manager.Run(until);
}

int Operator::webhook_port() const {
  return parts_->webhook.port();
}

}  // namespace vmafx::operators
