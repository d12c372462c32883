// vmafx-trainer: learns from scored jobs to predict their scores, and publishes what it has learnt.

#include <cstdio>

#include "app/platform_flags.h"
#include "sys/signals.h"
#include "vmafx/features/features.h"
#include "vmafx/trainer/service.h"

namespace {

constexpr char kVersion[] = "0.1.0";

constexpr char kNotes[] =
    R"(Samples come as lines of JSON on the feedback port and are on disk before they are acknowledged. Checkpoints are
ONNX models, pushed to the output registry as v000001, v000002 and so on, and as latest-stable or unstable.
With --forward it learns nothing: it passes lines from a Unix socket on to a trainer, and the replies back.

Exit codes: 0 stopped by a signal, 2 bad usage, 3 could not start.)";

struct Flags {
  vmafx::trainer::ServiceOptions service;
  vmafx::trainer::ForwardOptions forward;
  bool forwards = false;
  std::string plain_http_hosts;
  std::string optimizer = "adam";
  int64_t interval_seconds = 0;
  size_t features = 0;
  base::Level level = base::Level::kInfo;
};

void AddPlaces(CLI::App& cli, Flags& flags) {
  auto& service = flags.service;
  auto& checkpoint = service.checkpoint;
  cli.add_option("--feedback-listen", service.feedback_listen, "where samples come in")
      ->envname("VMAFX_FEEDBACK_LISTEN")
      ->capture_default_str();
  cli.add_option("--http-addr", service.http_listen, "where /status and /metrics listen")
      ->envname("VMAFX_HTTP_ADDR")
      ->capture_default_str();
  cli.add_option("--state-dir", service.state_directory, "folder of the state")
      ->envname("VMAFX_STATE_DIR")
      ->capture_default_str();
  cli.add_option(
         "--base-model", service.base_model,
         "vmaf_v0.6.1 (the teacher: start from what is built in) or REGISTRY/REPOSITORY:TAG "
         "of a checkpoint")
      ->envname("VMAFX_BASE_MODEL")
      ->capture_default_str();
  cli.add_option("--base-model-file", service.base_model_file, "a checkpoint's ONNX file instead")
      ->envname("VMAFX_BASE_MODEL_PATH");
  cli.add_option("--training", checkpoint.training, "name of the VmafxModelTraining")
      ->envname("VMAFX_TRAINING_NAME");
  cli.add_option("--namespace", checkpoint.ns, "its namespace")->envname("POD_NAMESPACE");
  cli.add_option("--output-registry", checkpoint.output_registry,
                 "REGISTRY/REPOSITORY that checkpoints are pushed to")
      ->envname("VMAFX_OUTPUT_REGISTRY");
  cli.add_option("--plain-http-hosts", flags.plain_http_hosts,
                 "registries without TLS, HOST or HOST:PORT or *.SUFFIX, separated by commas")
      ->envname("VMAFX_PLAIN_HTTP_HOSTS");
  cli.add_option("--registry-config", checkpoint.registry.credentials,
                 "docker config.json with the registries' credentials")
      ->envname("VMAFX_REGISTRY_CONFIG");
  cli.add_option("--checkpoint-dir", checkpoint.directory, "folder that also gets each checkpoint")
      ->envname("VMAFX_SIDECAR_CHECKPOINT_DIR");
}

void AddCheckpoints(CLI::App& cli, Flags& flags) {
  auto& checkpoint = flags.service.checkpoint;
  app::AddDuration(cli, "--checkpoint-interval", "VMAFX_CHECKPOINT_INTERVAL", checkpoint.interval,
                   "least time between checkpoints");
  cli.add_option("--checkpoint-interval-seconds", flags.interval_seconds, "the same in seconds")
      ->envname("VMAFX_SIDECAR_CKPT_INTERVAL_S")
      ->check(CLI::PositiveNumber);
  cli.add_option("--checkpoint-min-samples", checkpoint.least_samples,
                 "new samples that a checkpoint needs")
      ->envname("VMAFX_CHECKPOINT_MIN_SAMPLES")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  cli.add_option("--min-samples-checkpoint", checkpoint.least_samples, "the same")
      ->envname("VMAFX_SIDECAR_MIN_SAMPLES_CKPT")
      ->check(CLI::PositiveNumber);
}

void AddLearning(CLI::App& cli, Flags& flags) {
  auto& knobs = flags.service.knobs;
  const auto add = [&](const char* flag, const char* variable, auto& value, const char* help) {
    cli.add_option(flag, value, help)->envname(variable)->capture_default_str();
  };
  add("--replay-capacity", "VMAFX_SIDECAR_REPLAY_CAPACITY", knobs.replay_capacity,
      "samples that are trained on");
  add("--batch-size", "VMAFX_SIDECAR_BATCH_SIZE", knobs.batch, "samples of a step");
  add("--replay-mix", "VMAFX_SIDECAR_REPLAY_MIX", knobs.replay_mix,
      "share of a batch that is drawn from all samples");
  add("--learning-rate", "VMAFX_SIDECAR_LR", knobs.step_size, "step size");
  add("--momentum", "VMAFX_SIDECAR_MOMENTUM", knobs.momentum, "of the steps");
  add("--weight-decay", "VMAFX_SIDECAR_WEIGHT_DECAY", knobs.weight_decay, "of the weights");
  add("--gradient-clip", "VMAFX_SIDECAR_GRAD_CLIP", knobs.most_gradient, "largest norm");
  add("--ema-decay", "VMAFX_SIDECAR_EMA_DECAY", knobs.ema_decay, "of the average, for each step");
  add("--warm-up", "VMAFX_SIDECAR_WARMUP", knobs.warm_up, "samples over which the step size rises");
  add("--steps-per-sample", "VMAFX_SIDECAR_STEPS", knobs.steps_per_sample, "steps for each sample");
  add("--seed", "VMAFX_SIDECAR_SEED", knobs.seed, "of all that is random");
  cli.add_option("--optimizer", flags.optimizer, "adam or sgd")
      ->envname("VMAFX_SIDECAR_OPTIMIZER")
      ->check(CLI::IsMember({"adam", "sgd"}))
      ->capture_default_str();
  cli.add_option("--n-features", flags.features,
                 "refuse to start unless it has so many features (0: whatever it has)")
      ->envname("VMAFX_SIDECAR_N_FEATURES");
}

void AddForward(CLI::App& cli, Flags& flags) {
  cli.add_flag("--forward", flags.forwards, "only pass samples on");
  cli.add_option("--socket", flags.forward.socket, "Unix socket of --forward")
      ->envname("VMAFX_SIDECAR_SOCKET");
  cli.add_option("--to", flags.forward.to, "HOST:PORT of the trainer, for --forward")
      ->envname("VMAFX_TRAINER_ADDR");
}

// What flags cannot say by themselves.
base::Result<> Complete(Flags& flags) {
  const size_t features = vmafx::features::Names().size();
  if (flags.features != 0 && flags.features != features) {
    return base::Fail(base::Code::kInvalid, "VMAFX_SIDECAR_N_FEATURES is {}, this program has {}",
                      flags.features, features);
  }
  if (flags.forwards && (flags.forward.socket.empty() || flags.forward.to.empty())) {
    return base::Fail(base::Code::kInvalid, "--forward needs --socket and --to");
  }
  auto& service = flags.service;
  if (flags.interval_seconds > 0) {
    service.checkpoint.interval = std::chrono::seconds(flags.interval_seconds);
  }
  if (flags.optimizer == "sgd") service.knobs.optimizer = vmafx::trainer::Optimizer::kSgd;
  for (const std::string& host : base::Split(flags.plain_http_hosts, ',')) {
    const std::string_view trimmed = base::Trim(host);
    if (!trimmed.empty()) service.checkpoint.registry.plain_http_hosts.emplace_back(trimmed);
  }
  service.version = kVersion;
  return base::Ok();
}

void AwaitStop(base::Clock& clock, const sys::Signals& signals) {
  const base::Until stopped(clock, base::Instant::max(), signals.stop());
  while (!stopped.Stopped()) stopped.Pause(std::chrono::hours(24));
}

template <typename Started>
int Serve(base::Result<Started> started, const base::Log& log, base::Clock& clock,
          const sys::Signals& signals) {
  if (!started.ok()) {
    fmt::print(stderr, "vmafx-trainer: {}\n", started.error().message());
    return started.Is(base::Code::kInvalid) ? app::kUsage : app::kErrored;
  }
  AwaitStop(clock, signals);
  log.Info("stopping", {{"signal", signals.received()}});
  started->reset();
  log.Info("stopped");
  return app::kStopped;
}

int Run(const Flags& flags, base::Clock& clock, const sys::Signals& signals) {
  const base::Log log = base::Log::ToStderr(flags.level);
  if (flags.forwards) {
    log.Info("forwarding", {{"socket", flags.forward.socket.string()}, {"to", flags.forward.to}});
    return Serve(vmafx::trainer::StartForward(flags.forward, clock, log), log, clock, signals);
  }
  net::HttpOptions options;
  options.user_agent = std::string("vmafx-trainer/") + kVersion;
  options.body_limit = 64 << 20;
  const auto http = net::MakeCurlHttp(options);
  return Serve(vmafx::trainer::Service::Start(flags.service, *http, clock, log), log, clock,
               signals);
}

}  // namespace

int main(int argc, char** argv) {
  sys::Signals signals;  // before any thread
  base::SystemClock clock;
  Flags flags;
  CLI::App cli("Learns from scored jobs to predict their scores, and publishes what it has learnt.",
               "vmafx-trainer");
  cli.set_version_flag("--version", std::string("vmafx-trainer ") + kVersion);
  cli.footer(kNotes);
  AddPlaces(cli, flags);
  AddCheckpoints(cli, flags);
  AddLearning(cli, flags);
  AddForward(cli, flags);
  app::AddLogLevel(cli, flags.level);
  if (const auto end = app::Parse(cli, argc, argv)) return *end;
  const auto complete = Complete(flags);
  if (!complete.ok()) {
    fmt::print(stderr, "vmafx-trainer: {}\n", complete.error().message());
    return app::kUsage;
  }
  return Run(flags, clock, signals);
}
