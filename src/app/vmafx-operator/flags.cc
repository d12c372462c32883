#include "app/vmafx-operator/flags.h"

#include "app/platform_flags.h"
#include "app/vmafx-operator/object_flags.h"
#include "kube/text_file.h"
#include "vmafx/api/quantity.h"

namespace {

std::string IsSize(std::string& text) {
  auto bytes = vmafx::api::ReadBytes(text);
  return bytes.ok() ? "" : bytes.error().message();
}

void AddServingFlags(CLI::App& cli, Flags& flags) {
  cli.add_option("--metrics-addr", flags.options.metrics_address, "where /metrics listens")
      ->envname("VMAFX_OPERATOR_METRICS_ADDR")
      ->capture_default_str();
  cli.add_option("--health-probe-addr", flags.options.health_address,
                 "where /healthz and /readyz listen")
      ->envname("VMAFX_OPERATOR_HEALTH_PROBE_ADDR")
      ->capture_default_str();
  cli.add_option("--leader-election", flags.options.leader_election,
                 "true: of several replicas one works at a time")
      ->envname("VMAFX_OPERATOR_LEADER_ELECTION");
  cli.add_option("--leader-election-id", flags.lease, "name of the Lease object")
      ->envname("VMAFX_OPERATOR_LEADER_ELECTION_ID")
      ->capture_default_str();
  cli.add_option("--namespace", flags.ns, "where the Lease object lives")
      ->envname("POD_NAMESPACE")
      ->capture_default_str();
  cli.add_option("--kubeconfig", flags.kubeconfig, "a kubeconfig file, outside of a Pod");
  cli.add_option("--context", flags.context, "of that file, instead of its current one")
      ->needs("--kubeconfig");
  app::AddDuration(cli, "--graceful-shutdown", "VMAFX_OPERATOR_GRACEFUL_SHUTDOWN", flags.grace,
                   "for what is under way at SIGTERM");
  app::AddLogLevel(cli, flags.level);
}

void AddWorkerFlags(CLI::App& cli, Flags& flags) {
  vmafx::operators::WorkerSettings& worker = flags.options.worker;
  cli.add_option("--worker-controller-addr", worker.controller_address,
                 "the same for worker Pods, where it differs")
      ->envname("VMAFX_WORKER_CONTROLLER_ADDR");
  cli.add_option("--worker-image", worker.image, "image of worker Pods: vmafx-node")
      ->envname("VMAFX_WORKER_IMAGE")
      ->required();
  cli.add_option("--worker-image-pull-policy", worker.pull_policy, "of that image")
      ->envname("VMAFX_WORKER_IMAGE_PULL_POLICY")
      ->check(CLI::IsMember({"Always", "IfNotPresent", "Never"}))
      ->capture_default_str();
  cli.add_option("--worker-max-concurrent", worker.max_concurrent,
                 "worker Pods at once in namespaces without VmafxNodes")
      ->envname("VMAFX_WORKER_MAX_CONCURRENT")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  AddJsonOption(cli, "--worker-resources", worker.resources,
                R"(resources of worker Pods as JSON: {"limits": {"cpu": "2"}})")
      ->envname("VMAFX_WORKER_RESOURCES");
  cli.add_option("--worker-scratch-size", worker.scratch_size,
                 "most that a worker may fetch, as a Kubernetes quantity")
      ->envname("VMAFX_WORKER_SCRATCH_SIZE")
      ->check(CLI::Validator(IsSize, "SIZE"))
      ->capture_default_str();
  cli.add_option("--instance", worker.instance,
                 "label app.kubernetes.io/instance of workers and trainers")
      ->envname("VMAFX_INSTANCE");
}

void AddControllerFlags(CLI::App& cli, Flags& flags) {
  vmafx::api::ChannelOptions& controller = flags.controller;
  cli.add_option("--controller-grpc-addr", controller.address, "HOST:PORT of the controller")
      ->envname("VMAFX_CONTROLLER_GRPC_ADDR")
      ->capture_default_str();
  cli.add_option("--controller-token-file", controller.token_file,
                 "file with the token to show to the controller; read again when it changes")
      ->envname("VMAFX_CONTROLLER_TOKEN_FILE");
  cli.add_option("--controller-tls", controller.tls, "true: speak TLS with the controller")
      ->envname("VMAFX_CONTROLLER_TLS");
  cli.add_option("--controller-ca-file", controller.ca_file,
                 "PEM file of the authority behind its certificate; the workers get it too")
      ->envname("VMAFX_CONTROLLER_CA_FILE");
  cli.add_option("--controller-server-name", controller.server_name,
                 "name in its certificate, where it is not the address's host")
      ->envname("VMAFX_CONTROLLER_SERVER_NAME");
}

void AddWebhookFlags(CLI::App& cli, Flags& flags) {
  vmafx::operators::WebhookOptions& webhook = flags.options.webhook;
  cli.add_option("--webhook-port", flags.webhook_port,
                 "where the admission webhook listens (HTTPS); 0: there is none")
      ->envname("VMAFX_OPERATOR_WEBHOOK_PORT")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  cli.add_option("--webhook-host", flags.webhook_host, "on this address only")
      ->envname("VMAFX_OPERATOR_WEBHOOK_HOST");
  cli.add_option("--webhook-cert-dir", webhook.certificate_folder,
                 "folder with tls.crt and tls.key, read again when they change; without it the "
                 "operator makes its own")
      ->envname("VMAFX_OPERATOR_WEBHOOK_CERT_DIR");
  cli.add_option("--webhook-secret", flags.webhook_secret,
                 "Secret that keeps the operator's own certificate")
      ->envname("VMAFX_OPERATOR_WEBHOOK_SECRET")
      ->capture_default_str();
  cli.add_option("--webhook-service", flags.webhook_service,
                 "Service by which the API server calls the webhook")
      ->envname("VMAFX_OPERATOR_WEBHOOK_SERVICE")
      ->capture_default_str();
  webhook.self_made.configuration = "vmafx-operator";
  cli.add_option("--webhook-config", webhook.self_made.configuration,
                 "ValidatingWebhookConfiguration whose caBundle the operator keeps")
      ->envname("VMAFX_OPERATOR_WEBHOOK_CONFIG")
      ->capture_default_str();
}

}  // namespace

void AddFlags(CLI::App& cli, Flags& flags) {
  AddServingFlags(cli, flags);
  AddControllerFlags(cli, flags);
  AddWorkerFlags(cli, flags);
  AddWebhookFlags(cli, flags);
  AddObjectFlags(cli, flags.options);
}

base::Result<> Settle(Flags& flags) {
  vmafx::operators::OperatorOptions& options = flags.options;
  options.lease = {flags.ns, flags.lease};
  vmafx::operators::WorkerSettings& worker = options.worker;
  if (worker.controller_address.empty()) worker.controller_address = flags.controller.address;
  worker.controller_tls = flags.controller.tls;
  worker.controller_server_name = flags.controller.server_name;
  if (flags.controller.tls && !flags.controller.ca_file.empty()) {
    worker.controller_ca_pem =
        TRY(kube::ReadTextFile(flags.controller.ca_file).During("the controller's CA"));
  }
  options.trainings.trainer.instance = worker.instance;
  if (flags.webhook_port == 0) return base::Ok();
  vmafx::operators::WebhookOptions& webhook = options.webhook;
  webhook.address = fmt::format("{}:{}", flags.webhook_host, flags.webhook_port);
  webhook.cluster_domain = options.nodes.cluster_domain;
  webhook.self_made.secret = {flags.ns, flags.webhook_secret};
  // The API server calls SERVICE.NAMESPACE.svc.
  const std::string host = fmt::format("{}.{}.svc", flags.webhook_service, flags.ns);
  webhook.self_made.names = {host, host + "." + webhook.cluster_domain};
  return base::Ok();
}
