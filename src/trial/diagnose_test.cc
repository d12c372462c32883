#include "trial/diagnose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "value/yaml.h"

namespace trial {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

kube::ObjectPtr Object(const std::string& yaml) {
  return std::make_shared<const kube::Object>(
      value::ParseYaml(yaml, "test.yaml").documents.at(0).json);
}

constexpr char kDeployment[] = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: ns, uid: d}
spec: {replicas: 2}
status:
  readyReplicas: 1
  conditions:
  - {type: Available, status: "False", reason: MinimumReplicasUnavailable, message: no minimum availability}
  - {type: Progressing, status: "True", reason: ReplicaSetUpdated, message: fine}
)";
constexpr char kReplicaSet[] = R"(apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-1, namespace: ns, uid: r, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d}]}
spec: {replicas: 2}
status: {readyReplicas: 1}
)";
constexpr char kPod[] = R"(apiVersion: v1
kind: Pod
metadata: {name: web-1-a, namespace: ns, uid: p, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: r}]}
status:
  phase: Pending
  containerStatuses:
  - name: app
    ready: false
    state: {waiting: {reason: ErrImageNeverPull, message: "Container image \"x:1\" is not present with pull policy of Never"}}
)";
constexpr char kHealthyPod[] = R"(apiVersion: v1
kind: Pod
metadata: {name: web-1-b, namespace: ns, uid: q, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: r}]}
status: {phase: Running, containerStatuses: [{name: app, ready: true, state: {running: {}}}]}
)";
constexpr char kForeignPod[] = R"(apiVersion: v1
kind: Pod
metadata: {name: other, namespace: ns, uid: z}
status: {phase: Pending}
)";
constexpr char kEvent[] = R"(apiVersion: v1
kind: Event
type: Warning
reason: Failed
count: 4
message: "Error: ErrImageNeverPull"
involvedObject: {kind: Pod, name: web-1-a, uid: p}
lastTimestamp: "2026-01-01T00:00:00Z"
)";

TEST(DiagnoseTest, WalksFromADeploymentDownToTheContainerAndTheEvent) {
  const World world{{Object(kReplicaSet), Object(kPod), Object(kHealthyPod), Object(kForeignPod)},
                    {Object(kEvent)}};

  EXPECT_THAT(
      Diagnose(*Object(kDeployment), world),
      ElementsAre("Deployment ns/web: 1 of 2 replicas are ready",
                  "Deployment ns/web: condition Available is False: MinimumReplicasUnavailable: no "
                  "minimum availability",
                  "ReplicaSet ns/web-1: 1 of 2 replicas are ready",
                  "Pod ns/web-1-a: container app is waiting: ErrImageNeverPull: Container image "
                  "\"x:1\" is not present with pull policy of Never",
                  "event for Pod web-1-a: Failed (4 times): Error: ErrImageNeverPull"));
}

TEST(DiagnoseTest, ACrashSaysHowTheContainerEndedLast) {
  const auto pod = Object(R"(apiVersion: v1
kind: Pod
metadata: {name: p, namespace: ns}
status:
  phase: Running
  containerStatuses:
  - name: side
    ready: true
    state: {running: {}}
  - name: app
    restartCount: 3
    state: {waiting: {reason: CrashLoopBackOff, message: back-off 20s}}
    lastState: {terminated: {exitCode: 2, reason: Error, message: "no config\n"}}
)");

  EXPECT_THAT(PodTrouble(*pod),
              ElementsAre("container app is waiting: CrashLoopBackOff: back-off 20s; it last ended "
                          "with exit code 2 (Error: no config)"));
}

TEST(DiagnoseTest, AnUnschedulablePodSaysWhy) {
  const auto pod = Object(R"(apiVersion: v1
kind: Pod
metadata: {name: p}
status: {phase: Pending, conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 Insufficient cpu."}]}
)");

  EXPECT_THAT(PodTrouble(*pod), ElementsAre("not scheduled: Unschedulable: 0/1 nodes are "
                                            "available: 1 Insufficient cpu."));
}

TEST(DiagnoseTest, AContainerThatIsOnlyStartingIsNamedWhenNothingIsWorse) {
  const auto pod = Object(R"(apiVersion: v1
kind: Pod
metadata: {name: p}
status: {phase: Pending, containerStatuses: [{name: app, state: {waiting: {reason: ContainerCreating}}}]}
)");

  EXPECT_THAT(PodTrouble(*pod), ElementsAre("container app is waiting: ContainerCreating"));
}

TEST(DiagnoseTest, ForAnObjectThatIsNotThereTheNewestWarningsAreShown) {
  const World world{{Object(kForeignPod)}, {Object(kEvent)}};

  const auto lines = DiagnoseAbsence(world);

  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], HasSubstr("Pod ns/other: pending"));
  EXPECT_THAT(lines[1], HasSubstr("ErrImageNeverPull"));
}

}  // namespace
}  // namespace trial
