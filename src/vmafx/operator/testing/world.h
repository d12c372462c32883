#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "base/crew.h"
#include "kube/store.h"
#include "kube/testing/api_server.h"
#include "vmafx/controller/testing/local_controller.h"
#include "vmafx/controller/v1/controller.grpc.pb.h"
#include "vmafx/operator/operator.h"
#include "vmafx/operator/testing/replica.h"

namespace vmafx::operators::testing {

namespace rpc = vmafx::controller::v1;

// What vmafx-node does in a worker Pod, by hand: it speaks the real protocol to the real
// controller.
class HandWorker {
 public:
  // `vmafx_node`: the VmafxNode of namespace `ns` whose slot it has, or "".
  HandWorker(const std::string& address, const std::string& pod, const std::string& ns = "",
             const std::string& vmafx_node = "");

  // Pulls its job; false when the controller gives none.
  bool Pull(const std::string& job_id);
  void ReportScore(double score);
  void ReportFailure(const std::string& error);

 private:
  void Report(rpc::ReportResultRequest request);

  std::unique_ptr<rpc::VmafxController::Stub> stub_;
  std::string node_id_, session_;
  rpc::Job job_;
};

// A real API server with the chart applied, a real controller, and the operator with the chart's
// own rights. There is no node: the test writes the status of Pods, as a kubelet would.
class OperatorWorld : public ::testing::Test {
 protected:
  OperatorWorld();
  ~OperatorWorld() override;

  // What StartOperator starts.
  OperatorOptions Options() const;
  void StartOperator();
  void StopOperator();  // as SIGTERM does; Start makes a new one that knows nothing

  base::Until Long() { return base::Until::After(clock_, std::chrono::seconds(90)); }

  // Creates a VmafxJob; `changes` is merged into its spec.
  void CreateJob(const std::string& name, const kube::Json& changes = kube::Json::object());
  void CreateNode(const std::string& name, int capacity);
  void DeleteJob(const std::string& name);

  // Waits until the job is as asked and returns it; adds a failure with what it last was.
  kube::Object AwaitJob(const std::string& name, const std::string& what,
                        const std::function<bool(const kube::Object&)>& ready);
  kube::Object AwaitPhase(const std::string& name, const std::string& phase);
  void AwaitGone(const std::string& name);
  kube::Object AwaitPod(const std::string& name);
  // Names of all worker Pods of the test's namespace, in order.
  std::string Pods();
  // Reasons of the events about a job, sorted.
  std::string EventReasons(const std::string& job);

  // What the kubelet says of a Pod.
  void SetPod(const std::string& name, const kube::Json& status);
  void RunPod(const std::string& name);
  void EndPod(const std::string& name, int exit_code, const std::string& reason);
  // Without grace, as a node that is gone would have it.
  void DeletePod(const std::string& name);

  std::string ControllerId(const std::string& job);
  rpc::Job AtController(const std::string& id);

  base::SystemClock clock_;
  std::unique_ptr<kube::Client> admin_;
  std::optional<kube::testing::TestNamespace> namespace_;
  std::string ns_;
  vmafx::controller::testing::LocalController controller_{clock_};
  WorkerSettings settings_;
  NodesOptions nodes_options_;
  TrainingsOptions trainings_options_;
  std::unique_ptr<ControllerClient> controller_client_;
  std::unique_ptr<kube::Client> operator_client_;  // with the operator's rights
  std::shared_ptr<base::MemorySink> sink_ = std::make_shared<base::MemorySink>();

 private:
  std::optional<kube::Store> jobs_, pods_;
  std::unique_ptr<Replica> operator_;
};

}  // namespace vmafx::operators::testing
