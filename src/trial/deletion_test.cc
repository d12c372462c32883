#include "trial/deletion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "trial/testing/manifests.h"

namespace trial {
namespace {

using ::testing::ElementsAre;
using testing::ParseObject;

TEST(DeletionTest, AFinalizerIsNamedWithWhoSetIt) {
  const auto object = ParseObject(R"(apiVersion: v1
kind: ConfigMap
metadata:
  name: web
  namespace: ns
  deletionTimestamp: "2026-01-01T00:00:00Z"
  finalizers: [example.com/guard]
  managedFields:
  - manager: other
    fieldsV1: {"f:metadata": {"f:labels": {}}}
  - manager: web-operator
    fieldsV1: {"f:metadata": {"f:finalizers": {".": {}, 'v:"example.com/guard"': {}}}}
)");

  EXPECT_THAT(Lines(WhatBlocks(*object, {})),
              ElementsAre("ConfigMap ns/web: finalizer example.com/guard (set by web-operator) is "
                          "not removed: does the controller that handles it run?"));
}

TEST(DeletionTest, AClaimThatIsInUseNamesThePods) {
  const auto claim = ParseObject(R"(apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: disk, namespace: ns, deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: [kubernetes.io/pvc-protection]}
)");
  const World world{{ParseObject(R"(apiVersion: v1
kind: Pod
metadata: {name: writer, namespace: ns}
spec: {volumes: [{name: data, persistentVolumeClaim: {claimName: disk}}]}
)"),
                     ParseObject(R"(apiVersion: v1
kind: Pod
metadata: {name: other, namespace: ns}
spec: {volumes: [{name: data, emptyDir: {}}]}
)")},
                    {},
                    {}};

  EXPECT_THAT(Lines(WhatBlocks(*claim, world)),
              ElementsAre("PersistentVolumeClaim ns/disk: finalizer kubernetes.io/pvc-protection: "
                          "it is still used by Pod ns/writer"));
}

TEST(DeletionTest, AForegroundDeletionNamesWhatItWaitsFor) {
  const auto owner = ParseObject(R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: ns, uid: d, deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: [foregroundDeletion]}
)");
  const World world{{ParseObject(R"(apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-1, namespace: ns, uid: r, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d}]}
)")},
                    {},
                    {}};

  EXPECT_THAT(Lines(WhatBlocks(*owner, world)),
              ElementsAre("Deployment ns/web: finalizer foregroundDeletion: it waits for what it "
                          "owns: ReplicaSet ns/web-1"));
}

TEST(DeletionTest, ANamespaceTellsItsConditions) {
  const auto ns = ParseObject(R"(apiVersion: v1
kind: Namespace
metadata: {name: old, deletionTimestamp: "2026-01-01T00:00:00Z"}
status:
  phase: Terminating
  conditions:
  - {type: NamespaceDeletionDiscoveryFailure, status: "False", message: fine}
  - {type: NamespaceFinalizersRemaining, status: "True", reason: SomeFinalizersRemain, message: "Some content in the namespace has finalizers remaining: example.com/guard in 1 resource instances"}
)");

  EXPECT_THAT(Lines(WhatBlocks(*ns, {})),
              ElementsAre("Namespace old: NamespaceFinalizersRemaining: Some content in the "
                          "namespace has finalizers remaining: example.com/guard in 1 resource "
                          "instances"));
}

TEST(DeletionTest, AnObjectThatNobodyDeletesNamesItsOwner) {
  const auto object = ParseObject(R"(apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: ns, ownerReferences: [{apiVersion: example.com/v1, kind: Site, name: main, uid: s}]}
)");

  EXPECT_THAT(Lines(WhatBlocks(*object, {})),
              ElementsAre("ConfigMap ns/web: nobody has asked to delete it; it goes with its owner "
                          "Site main"));
}

}  // namespace
}  // namespace trial
