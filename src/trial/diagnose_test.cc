#include "trial/diagnose.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "trial/testing/manifests.h"

namespace trial {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ParseObject;

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
  const World world{{ParseObject(kReplicaSet), ParseObject(kPod), ParseObject(kHealthyPod),
                     ParseObject(kForeignPod)},
                    {ParseObject(kEvent)},
                    {}};

  EXPECT_THAT(
      Lines(Diagnose(*ParseObject(kDeployment), world)),
      ElementsAre("Deployment ns/web: 1 of 2 replicas are ready",
                  "Deployment ns/web: condition Available is False: MinimumReplicasUnavailable: no "
                  "minimum availability",
                  "ReplicaSet ns/web-1: 1 of 2 replicas are ready",
                  "Pod ns/web-1-a: container app is waiting: ErrImageNeverPull: Container image "
                  "\"x:1\" is not present with pull policy of Never",
                  "event for Pod web-1-a: Failed (4 times): Error: ErrImageNeverPull"));
}

TEST(DiagnoseTest, TheRootIsTheContainerNotWhatFollowsFromIt) {
  const World world{{ParseObject(kReplicaSet), ParseObject(kPod), ParseObject(kHealthyPod)},
                    {ParseObject(kEvent)},
                    {}};

  const auto causes = Diagnose(*ParseObject(kDeployment), world);
  const Cause* root = RootOf(causes);

  ASSERT_NE(root, nullptr);
  EXPECT_EQ(root->reason, "ErrImageNeverPull");
  EXPECT_EQ(root->about, "Pod ns/web-1-a/app");
  EXPECT_TRUE(root->stuck());
  EXPECT_FALSE(causes.front().stuck()) << "0 of 2 replicas is what everybody sees while it starts";
}

constexpr char kCrashing[] = R"(apiVersion: v1
kind: Pod
metadata: {name: p, namespace: ns, uid: p}
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
)";

TEST(DiagnoseTest, ACrashSaysHowTheContainerEndedLast) {
  EXPECT_THAT(Lines(Diagnose(*ParseObject(kCrashing), {})),
              ElementsAre("Pod ns/p: container app is waiting: CrashLoopBackOff: back-off 20s; it "
                          "last ended with exit code 2 (Error: no config)"));
}

TEST(DiagnoseTest, ASecondCrashIsNamedBeforeTheKubeletCallsItALoop) {
  const auto pod = ParseObject(R"(apiVersion: v1
kind: Pod
metadata: {name: p, namespace: ns, uid: p}
status:
  phase: Running
  containerStatuses:
  - name: app
    restartCount: 3
    state: {terminated: {exitCode: 3, reason: Error}}
    lastState: {terminated: {exitCode: 3, reason: Error}}
)");
  EXPECT_THAT(Lines(Diagnose(*pod, {})),
              ElementsAre("Pod ns/p: container app crashes again after 3 restarts: it ended with "
                          "exit code 3 (Error)"));
}

TEST(DiagnoseTest, ACrashAsksForTheLogAndShowsItsLastLine) {
  const auto pod = ParseObject(kCrashing);
  World world;

  const auto logs = LogsFor(pod.get(), world);

  ASSERT_EQ(logs.size(), 1u);
  EXPECT_EQ(logs[0].container, "app");
  EXPECT_FALSE(logs[0].previous) << "nothing has been started since";
  world.last_lines[logs[0].Id()] = "panic: no config";
  EXPECT_THAT(Diagnose(*pod, world).at(0).text,
              HasSubstr("; the last line of its log: \"panic: no config\""));
}

TEST(DiagnoseTest, AnUnschedulablePodSaysWhy) {
  const auto pod = ParseObject(R"(apiVersion: v1
kind: Pod
metadata: {name: p}
status: {phase: Pending, conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 Insufficient cpu."}]}
)");

  const auto causes = Diagnose(*pod, {});

  EXPECT_THAT(Lines(causes), ElementsAre("Pod p: not scheduled: Unschedulable: 0/1 nodes are "
                                         "available: 1 Insufficient cpu."));
  EXPECT_TRUE(causes[0].stuck());
}

TEST(DiagnoseTest, AContainerThatIsOnlyStartingIsNamedWhenNothingIsWorse) {
  const auto pod = ParseObject(R"(apiVersion: v1
kind: Pod
metadata: {name: p}
status: {phase: Pending, containerStatuses: [{name: app, state: {waiting: {reason: ContainerCreating}}}]}
)");

  const auto causes = Diagnose(*pod, {});

  EXPECT_THAT(Lines(causes), ElementsAre("Pod p: container app is waiting: ContainerCreating"));
  EXPECT_FALSE(causes[0].stuck());
}

constexpr char kMounting[] = R"(apiVersion: v1
kind: Pod
metadata: {name: p, namespace: ns, uid: p}
spec: {nodeName: worker, volumes: [{name: data, persistentVolumeClaim: {claimName: disk}}]}
status: {phase: PHASE, containerStatuses: [{name: app, ready: false, state: {waiting: {reason: ContainerCreating}}}]}
)";
constexpr char kMountEvent[] = R"(apiVersion: v1
kind: Event
type: Warning
reason: FailedMount
message: 'MountVolume.SetUp failed for volume "c" : configmap "no-such" not found'
involvedObject: {kind: Pod, name: p, uid: p}
lastTimestamp: "2026-01-01T00:00:00Z"
)";

kube::ObjectPtr InPhase(std::string yaml, const std::string& phase) {
  return ParseObject(yaml.replace(yaml.find("PHASE"), 5, phase));
}

TEST(DiagnoseTest, AVolumeThatCannotBeMountedIsTheRootOnlyWhileThePodIsPending) {
  const World world{{}, {ParseObject(kMountEvent)}, {}};
  const auto pending = Diagnose(*InPhase(kMounting, "Pending"), world);
  const auto running = Diagnose(*InPhase(kMounting, "Running"), world);

  EXPECT_THAT(RootOf(pending)->text, HasSubstr("configmap \"no-such\" not found"));
  EXPECT_TRUE(RootOf(pending)->stuck());
  EXPECT_FALSE(RootOf(running)->stuck()) << "the event is of the past";
}

TEST(DiagnoseTest, AKubeletThatOnlyHasToCatchUpIsNoReasonToStopWaiting) {
  for (const char* message :
       {"MountVolume.SetUp failed for volume \"a\" : failed to sync configmap cache: timed out "
        "waiting for the condition",
        "error processing PVC ns/disk: User \"system:node:n\" cannot get resource "
        "\"persistentvolumeclaims\": no relationship found between node 'n' and this object",
        "MountVolume.SetUp failed for volume \"a\" : object \"ns\"/\"kube-root-ca.crt\" not "
        "registered"}) {
    const kube::Object event({{"apiVersion", "v1"},
                              {"kind", "Event"},
                              {"type", "Warning"},
                              {"reason", "FailedMount"},
                              {"message", message},
                              {"involvedObject", {{"kind", "Pod"}, {"name", "p"}, {"uid", "p"}}}});
    const World world{{}, {std::make_shared<const kube::Object>(event)}, {}};

    const auto causes = Diagnose(*InPhase(kMounting, "Pending"), world);

    EXPECT_THAT(Lines(causes), Contains(HasSubstr("event for Pod p: FailedMount")));
    EXPECT_FALSE(RootOf(causes)->stuck()) << message;
  }
}

TEST(DiagnoseTest, AskForClaimsAndNodesOnlyWhereAPodWaitsForThem) {
  const auto pod = InPhase(kMounting, "Pending");
  const auto kinds = [](const kube::Object* subject, const World& world) {
    std::set<std::string> names;
    for (const kube::Kind& kind : KindsFor(subject, world)) names.insert(kind.kind);
    return names;
  };

  EXPECT_THAT(kinds(pod.get(), {}),
              ::testing::UnorderedElementsAre("Event", "PersistentVolumeClaim", "Node"));
  EXPECT_THAT(kinds(ParseObject(kHealthyPod).get(), {}), ::testing::UnorderedElementsAre("Event"));
  EXPECT_THAT(kinds(ParseObject(kDeployment).get(), {}),
              ::testing::UnorderedElementsAre("Event", "ReplicaSet", "Pod"));
  EXPECT_THAT(kinds(nullptr, {}), ::testing::UnorderedElementsAre("Event", "Pod"));
}

TEST(DiagnoseTest, AClaimAndANodeThatHoldAPodAreNamed) {
  const World world{{ParseObject(R"(apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: disk, namespace: ns, uid: c}
status: {phase: Pending}
)"),
                     ParseObject(R"(apiVersion: v1
kind: Node
metadata: {name: worker, uid: n}
status: {conditions: [{type: Ready, status: Unknown, reason: NodeStatusUnknown, message: Kubelet stopped posting node status.}]}
)")},
                    {ParseObject(R"(apiVersion: v1
kind: Event
type: Warning
reason: ProvisioningFailed
message: storageclass.storage.k8s.io "fast" not found
involvedObject: {kind: PersistentVolumeClaim, name: disk, uid: c}
)")},
                    {}};

  EXPECT_THAT(Lines(Diagnose(*InPhase(kMounting, "Pending"), world)),
              ElementsAre("Pod ns/p: container app is waiting: ContainerCreating",
                          "PersistentVolumeClaim ns/disk of Pod p is Pending: ProvisioningFailed: "
                          "storageclass.storage.k8s.io \"fast\" not found",
                          "Node worker is not ready: NodeStatusUnknown: Kubelet stopped posting "
                          "node status."));
}

TEST(DiagnoseTest, AQuotaThatIsBlamedShowsWhatIsUsedUntilThePodsAreThere) {
  World world{{ParseObject(kReplicaSet), ParseObject(R"(apiVersion: v1
kind: ResourceQuota
metadata: {name: small, namespace: ns, uid: q}
status: {hard: {pods: "1"}, used: {pods: "1"}}
)")},
              {ParseObject(R"(apiVersion: v1
kind: Event
type: Warning
reason: FailedCreate
message: 'Error creating: pods "web-1-x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1'
involvedObject: {kind: ReplicaSet, name: web-1, uid: r}
)")},
              {}};

  const auto refused = Diagnose(*ParseObject(kDeployment), world);
  world.objects.push_back(ParseObject(kPod));
  const auto created = Diagnose(*ParseObject(kDeployment), world);

  EXPECT_THAT(Lines(refused), ::testing::Contains("ResourceQuota ns/small: used pods 1 of 1"));
  EXPECT_THAT(RootOf(refused)->text, HasSubstr("exceeded quota: small"));
  EXPECT_EQ(RootOf(created)->reason, "ErrImageNeverPull");
}

TEST(DiagnoseTest, EveryCauseIsOneLineWhateverAControllerWrote) {
  const auto causes = Diagnose(*ParseObject(R"(apiVersion: films.example/v1
kind: Film
metadata: {name: a, namespace: ns, uid: f}
status: {conditions: [{type: Ready, status: "False", reason: "No\nReason", message: "and\nlines\n"}]}
)"),
                               {});

  ASSERT_EQ(causes.size(), 1u);
  EXPECT_EQ(causes[0].text, "Film ns/a: condition Ready is False: No Reason: and lines");
}

TEST(DiagnoseTest, ForAnObjectThatIsNotThereTheNewestWarningsAreShown) {
  const World world{{ParseObject(kForeignPod)}, {ParseObject(kEvent)}, {}};

  const auto lines = Lines(DiagnoseAbsence(world));

  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], HasSubstr("Pod ns/other: pending"));
  EXPECT_THAT(lines[1], HasSubstr("ErrImageNeverPull"));
}

}  // namespace
}  // namespace trial
