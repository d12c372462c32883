#include "vmafx/operator/operator.h"

#include <optional>

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "ctrl/controller.h"
#include "ctrl/http_server.h"
#include "ctrl/leader_lease.h"
#include "ctrl/manager.h"
#include "vmafx/operator/job_board.h"
#include "vmafx/operator/job_reconciler.h"
#include "vmafx/operator/staffing.h"

namespace vmafx::operators {
namespace {

// The stores live between Start and Stop: a standby watches nothing.
class StoresPart final : public ctrl::Part {
 public:
  StoresPart(kube::Client& client, base::Clock& clock, base::Log log)
      : client_(client), clock_(clock), log_(std::move(log)) {}

  base::Result<> Start(const base::Until& until) override {
    jobs_.emplace(client_, kube::StoreOptions{kJobKind, "", {}}, clock_, log_);
    pods_.emplace(client_, kube::StoreOptions{kPodKind, "", WorkerLabels()}, clock_, log_);
    nodes_.emplace(client_, kube::StoreOptions{kNodeKind, "", {}}, clock_, log_);
    for (kube::Store* store : {&*jobs_, &*pods_, &*nodes_}) {
      TRY(store->WaitSynced(until).During("reading all " + store->kind().kind));
    }
    return base::Ok();
  }

  base::Result<> Ready() override {
    for (kube::Store* store : {&*jobs_, &*pods_, &*nodes_}) {
      const std::string error = store->Get().last_error;
      if (!error.empty()) {
        return base::Fail(base::Code::kUnavailable, "the watch of {}: {}", store->kind().kind,
                          error);
      }
    }
    return base::Ok();
  }

  void Stop() override {
    nodes_.reset();
    pods_.reset();
    jobs_.reset();
  }

  Stores stores() { return {*jobs_, *pods_, *nodes_}; }

 private:
  kube::Client& client_;
  base::Clock& clock_;
  base::Log log_;
  std::optional<kube::Store> jobs_, pods_, nodes_;
};

net::HttpServer::Handlers Metrics(const prometheus::Registry& registry) {
  return {{"/metrics", [&registry] {
             return net::Answer{200, prometheus::TextSerializer().Serialize(registry.Collect()),
                                "text/plain; version=0.0.4; charset=utf-8"};
           }}};
}

}  // namespace

// Looks after VmafxJobs: the stream from the controller, the reconciler and its workers.
class JobsPart final : public ctrl::Part {
 public:
  JobsPart(const OperatorOptions& options, kube::Client& client, ControllerClient& controller,
           StoresPart& stores, base::Clock& clock, base::Log log, prometheus::Registry& registry)
      : options_(options),
        client_(client),
        controller_(controller),
        stores_(stores),
        clock_(clock),
        log_(std::move(log)),
        registry_(registry) {}

  base::Result<> Start(const base::Until& until) override {
    running_ = std::make_unique<Running>(*this);
    auto started = running_->Start(until);
    if (!started.ok()) running_.reset();
    return started;
  }
  base::Result<> Ready() override { return running_->controller.Ready(); }
  void Stop() override { running_.reset(); }

 private:
  struct Running {
    explicit Running(JobsPart& part)
        : stores(part.stores_.stores()),
          board(part.controller_, part.clock_, part.log_,
                [this](const kube::Key& key) { controller.queue().Add(key); }),
          staffing(part.client_, stores, part.clock_, part.options_.worker,
                   [this](const kube::Key& key) { controller.queue().Add(key); }),
          reconciler(part.client_, stores.jobs, part.controller_, board, staffing, part.clock_,
                     part.log_),
          controller({.name = "vmafxjob", .workers = part.options_.workers}, reconciler,
                     part.clock_, part.log_, part.registry_) {
      controller.Watch(stores.jobs, ctrl::ToItself());
      controller.Watch(stores.pods, [this](const kube::Change& change) {
        auto keys = ctrl::ToOwner(kJobKind)(change);
        // A worker that ended or went leaves a slot to somebody else.
        const bool frees =
            change.type == kube::ChangeType::kDeleted || ReadWorkerPod(*change.object).ended;
        if (frees) {
          for (const kube::Key& key : staffing.Servable()) keys.push_back(key);
        }
        return keys;
      });
      controller.Watch(stores.nodes,
                       [this](const kube::Change& change) { return JobsOf(change.object->ns()); });
    }
    ~Running() {
      controller.Stop();
      board.Stop();
    }

    base::Result<> Start(const base::Until& until) {
      TRY(board.Start(until));
      return controller.Start(until);
    }

    // A VmafxNode that comes, changes or goes concerns all jobs of its namespace.
    std::vector<kube::Key> JobsOf(const std::string& ns) const {
      std::vector<kube::Key> keys;
      for (const kube::ObjectPtr& job : stores.jobs.List(ns)) keys.push_back(job->key());
      return keys;
    }

    Stores stores;
    JobBoard board;
    Staffing staffing;
    JobReconciler reconciler;
    ctrl::Controller controller;
  };

  const OperatorOptions& options_;
  kube::Client& client_;
  ControllerClient& controller_;
  StoresPart& stores_;
  base::Clock& clock_;
  base::Log log_;
  prometheus::Registry& registry_;
  std::unique_ptr<Running> running_;
};

struct Operator::Parts {
  Parts(OperatorOptions given, kube::Client& client, ControllerClient& controller,
        base::Clock& clock, base::Log log)
      : options(std::move(given)),
        manager(log),
        health(options.health_address, ctrl::HealthHandlers(manager)),
        metrics(options.metrics_address, Metrics(registry)),
        lease({.key = options.lease, .identity = options.identity}, client, clock, log,
              [this](base::Error error) { manager.Fail(std::move(error)); }),
        stores(client, clock, log),
        jobs(options, client, controller, stores, clock, log, registry) {
    manager.Add("health", health);
    manager.Add("metrics", metrics);
    if (options.leader_election) manager.Add("lease", lease);
    manager.Add("stores", stores);
    manager.Add("vmafxjobs", jobs);
  }

  OperatorOptions options;
  prometheus::Registry registry;
  ctrl::Manager manager;
  ctrl::HttpServer health;
  ctrl::HttpServer metrics;
  ctrl::LeaderLease lease;
  StoresPart stores;
  JobsPart jobs;
};

Operator::Operator(OperatorOptions options, kube::Client& client, ControllerClient& controller,
                   base::Clock& clock, base::Log log)
    : parts_(
          std::make_unique<Parts>(std::move(options), client, controller, clock, std::move(log))) {}

Operator::~Operator() = default;

base::Result<> Operator::Run(const base::Until& until) {
  return parts_->manager.Run(until);
}

}  // namespace vmafx::operators
