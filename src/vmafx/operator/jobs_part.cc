#include "vmafx/operator/jobs_part.h"

#include "ctrl/controller.h"
#include "vmafx/operator/job_board.h"
#include "vmafx/operator/job_reconciler.h"
#include "vmafx/operator/node_changes.h"

namespace vmafx::operators {

struct JobsPart::Running {
  explicit Running(JobsPart& part)
      : stores(part.stores_.stores()),
        board(part.controller_, part.clock_, part.log_,
              [this](const kube::Key& key) { controller.queue().Add(key); }),
        staffing(part.client_, stores, part.clock_, part.options_.worker,
                 [this](const kube::Key& key) { controller.queue().Add(key); }),
        reconciler(part.client_, stores.jobs, part.controller_, board, staffing, part.clock_,
                   part.log_),
        controller({.name = "vmafxjob", .workers = part.options_.workers}, reconciler, part.clock_,
                   part.log_, part.registry_) {
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
    controller.Watch(stores.nodes, [this](const kube::Change& change) {
      return node_changes.Matters(change) ? JobsOf(change.object->ns()) : std::vector<kube::Key>();
    });
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
  NodeChanges node_changes;
  JobBoard board;
  Staffing staffing;
  JobReconciler reconciler;
  ctrl::Controller controller;
};

JobsPart::JobsPart(JobsOptions options, kube::Client& client, ControllerClient& controller,
                   StoresPart& stores, base::Clock& clock, base::Log log,
                   prometheus::Registry& registry)
    : options_(std::move(options)),
      client_(client),
      controller_(controller),
      stores_(stores),
      clock_(clock),
      log_(std::move(log)),
      registry_(registry) {}

JobsPart::~JobsPart() = default;

base::Result<> JobsPart::Start(const base::Until& until) {
  running_ = std::make_unique<Running>(*this);
  auto started = running_->Start(until);
  if (!started.ok()) running_.reset();
  return started;
}

base::Result<> JobsPart::Ready() {
  return running_->controller.Ready();
}

void JobsPart::Stop() {
  running_.reset();
}

}  // namespace vmafx::operators
