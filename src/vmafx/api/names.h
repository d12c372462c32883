#pragma once

// vmafx/api: what the platform's programs agree on: the generated gRPC code of proto/, and the
// names that appear in Kubernetes objects. No behaviour beyond checking and translating those.

#include <string_view>

namespace vmafx::api {

inline constexpr std::string_view kGroup = "vmafx.dev";
inline constexpr std::string_view kVersion = "v1";
inline constexpr std::string_view kApiVersion = "vmafx.dev/v1";

// Labels, annotations, finalizers.
inline constexpr std::string_view kJobLabel =
    "vmafx.dev/job";  // on a worker Pod: its VmafxJob's name
inline constexpr std::string_view kNodeLabel =
    "vmafx.dev/node";  // on a worker Pod: its VmafxNode's name
inline constexpr std::string_view kHealthzUrlAnnotation = "vmafx.dev/healthz-url";
inline constexpr std::string_view kRcloneSecretAnnotation = "vmafx.dev/rclone-config-secret";
inline constexpr std::string_view kRegistrySecretAnnotation =
    "vmafx.dev/registry-secret";  // on a VmafxModelTraining: its dockerconfigjson Secret's name
inline constexpr std::string_view kTrainingLabel =
    "vmafx.dev/training";  // on a trainer's objects: its VmafxModelTraining's name
inline constexpr std::string_view kJobCancelFinalizer = "vmafx.dev/job-cancel";

inline constexpr std::string_view kControllerCaAnnotation =
    "vmafx.dev/controller-ca";  // on a worker Pod: PEM of the authority behind the controller's
                                // certificate, which a volume shows as a file

// https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
inline constexpr std::string_view kAppNameLabel = "app.kubernetes.io/name";
inline constexpr std::string_view kAppInstanceLabel = "app.kubernetes.io/instance";
inline constexpr std::string_view kAppComponentLabel = "app.kubernetes.io/component";
inline constexpr std::string_view kAppManagedByLabel = "app.kubernetes.io/managed-by";

// VmafxJob phases.
inline constexpr std::string_view kPending = "Pending";
inline constexpr std::string_view kRunning = "Running";
inline constexpr std::string_view kSucceeded = "Succeeded";
inline constexpr std::string_view kFailed = "Failed";

// Phases of a VmafxModelTraining beside kRunning and kFailed.
inline constexpr std::string_view kInitializing = "Initializing";
inline constexpr std::string_view kPaused = "Paused";

// Condition of a VmafxNode and of a VmafxModelTraining.
inline constexpr std::string_view kReadyCondition = "Ready";
inline constexpr std::string_view kStabilityGateCondition = "StabilityGatePassed";

// Conditions of a VmafxJob.
inline constexpr std::string_view kQueuedCondition = "Queued";
inline constexpr std::string_view kBackendFallbackCondition = "BackendFallback";
inline constexpr std::string_view kWorkerScheduledCondition =
    "WorkerScheduled";  // False: no Kubernetes node takes the worker Pod, and why

// Environment of a worker Pod (vmafx-node).
inline constexpr std::string_view kControllerAddrEnv = "VMAFX_CONTROLLER_ADDR";
inline constexpr std::string_view kJobIdEnv = "VMAFX_JOB_ID";
inline constexpr std::string_view kNodeIdEnv = "VMAFX_NODE_ID";
inline constexpr std::string_view kScoringRootsEnv = "VMAFX_SCORING_ROOTS";
inline constexpr std::string_view kCpuLimitEnv = "VMAFX_CPU_LIMIT";

inline constexpr std::string_view kVmafxNodeEnv = "VMAFX_NODE_NAME";  // the VmafxNode, or unset
inline constexpr std::string_view kNamespaceEnv = "POD_NAMESPACE";
inline constexpr std::string_view kFeedbackEnv =
    "VMAFX_FEEDBACK_ADDRS";  // trainers to tell, HOST:PORT separated by commas
inline constexpr std::string_view kControllerTokenFileEnv = "VMAFX_CONTROLLER_TOKEN_FILE";
inline constexpr std::string_view kControllerTlsEnv = "VMAFX_CONTROLLER_TLS";  // "true"
inline constexpr std::string_view kControllerCaFileEnv = "VMAFX_CONTROLLER_CA_FILE";
inline constexpr std::string_view kControllerServerNameEnv = "VMAFX_CONTROLLER_SERVER_NAME";
inline constexpr std::string_view kRcloneConfigEnv = "VMAFX_RCLONE_CONFIG";
inline constexpr std::string_view kScratchDirEnv = "VMAFX_SCRATCH_DIR";
inline constexpr std::string_view kScratchLimitEnv = "VMAFX_SCRATCH_LIMIT";  // bytes, of one file

// Where a worker Pod finds what it is given.
inline constexpr std::string_view kTokenDir = "/var/run/secrets/vmafx";  // file "token"
inline constexpr std::string_view kRcloneConfigDir = "/etc/vmafx";       // file "rclone.conf"
inline constexpr std::string_view kScratchDir = "/scratch";
inline constexpr std::string_view kTokenFile = "token";               // in kTokenDir
inline constexpr std::string_view kControllerCaFile = "ca.crt";       // in kTokenDir, with TLS
inline constexpr std::string_view kRcloneConfigFile = "rclone.conf";  // in kRcloneConfigDir

// Of the projected service account tokens that the controller checks.
inline constexpr std::string_view kControllerAudience = "vmafx-controller";

// Ports.
inline constexpr int kControllerGrpcPort = 9090;
inline constexpr int kControllerHttpPort = 8080;
inline constexpr int kTrainerStatusPort = 9091;    // HTTP: /status, /features, /healthz, /metrics
inline constexpr int kTrainerFeedbackPort = 9092;  // feedback.h

}  // namespace vmafx::api
