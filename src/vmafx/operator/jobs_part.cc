#include "vmafx/operator/jobs_part.h"

#include "ctrl/controller.h"
#include "vmafx/operator/job_board.h"
#include "vmafx/operator/job_reconciler.h"
#include "vmafx/operator/node_changes.h"

namespace vmafx::operators {
namespace {

class Jobs final : public ctrl::Part {
 public:
  Jobs(const JobsOptions& options, ControllerClient& platform, const PartContext& context)
      : stores_(context.stores.stores()),
        board_(platform, context.clock, context.log,
               [this](const kube::Key& key) { controller_.queue().Add(key); }),
        staffing_(context.client, stores_, context.clock, options.worker,
                  [this](const kube::Key& key) { controller_.queue().Add(key); }),
        reconciler_(context.client, stores_.jobs, platform, board_, staffing_, context.clock,
                    context.log),
        controller_({.name = "vmafxjob", .workers = options.workers}, reconciler_, context.clock,
                    context.log, context.metrics) {
    controller_.Watch(stores_.jobs, ctrl::ToItself());
    controller_.Watch(stores_.pods, [this](const kube::Change& change) {
      auto keys = ctrl::ToOwner(kJobKind)(change);
      // A worker that ended or went leaves a slot to somebody else.
      const bool frees =
          change.type == kube::ChangeType::kDeleted || ReadWorkerPod(*change.object).ended;
      if (frees) {
        for (const kube::Key& key : staffing_.Servable()) keys.push_back(key);
      }
      return keys;
    });
    controller_.Watch(stores_.nodes, [this](const kube::Change& change) {
      return node_changes_.Concerned(change, stores_.jobs);
    });
  }
  ~Jobs() override { Stop(); }

  base::Result<> Start(const base::Until& until) override {
    TRY(board_.Start(until));
    return controller_.Start(until);
  }
  base::Result<> Ready() override { return controller_.Ready(); }
  void Stop() override {
    controller_.Stop();
    board_.Stop();
  }

 private:
  Stores stores_;
  NodeChanges node_changes_;
  JobBoard board_;
  Staffing staffing_;
  JobReconciler reconciler_;
  ctrl::Controller controller_;
};

}  // namespace

ctrl::LatePart MakeJobsPart(JobsOptions options, ControllerClient& controller,
                            PartContext context) {
  return ctrl::LatePart([options = std::move(options), &controller, context = std::move(context)] {
    return std::make_unique<Jobs>(options, controller, context);
  });
}

}  // namespace vmafx::operators
