#include "vmafx/trainer/service.h"

#include <algorithm>

#include "base/text.h"
#include "sys/files.h"
#include "vmafx/api/training.h"
#include "vmafx/features/features.h"
#include "vmafx/trainer/onnx_model.h"

namespace vmafx::trainer {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;

namespace {

constexpr base::Duration kFirstPause = std::chrono::seconds(1);
constexpr base::Duration kMostPause = std::chrono::minutes(1);
constexpr base::Duration kMostForPull = std::chrono::minutes(2);
constexpr int kMostHttpConnections = 64;

Result<Student> ReadBase(const std::string& onnx) {
  const ModelFile model = TRY(ReadModel(onnx));
  const auto names = model.metadata.find(std::string(kFeatureNamesKey));
  const std::string ours = base::Join({features::Names().begin(), features::Names().end()}, ",");
  if (names == model.metadata.end() || names->second != ours) {
    return Fail(Code::kInvalid, "the model was trained on other features than this program has");
  }
  return model.student;
}

Result<> CheckOptions(const ServiceOptions& options) {
  TRY(CheckKnobs(options.knobs));
  if (options.base_model_file.empty() && options.base_model != api::kTeacherModel) {
    TRY(api::ReadTaggedArtifact(options.base_model).During("base model " + options.base_model));
  }
  if (options.checkpoint.least_samples < 1) {
    return Fail(Code::kInvalid, "least samples of a checkpoint: {}, want 1 or more",
                options.checkpoint.least_samples);
  }
  if (!options.checkpoint.output_registry.empty()) {
    TRY(api::ReadRepository(options.checkpoint.output_registry).During("output registry"));
  } else if (options.checkpoint.directory.empty()) {
    return Fail(Code::kInvalid, "neither an output registry nor a folder for checkpoints is given");
  }
  return base::Ok();
}

}  // namespace

Service::Service(ServiceOptions options, net::Http& http, base::Clock& clock, base::Log log)
    : options_(std::move(options)),
      http_(http),
      clock_(clock),
      log_(std::move(log)),
      board_(clock.WallNow()) {
  options_.checkpoint.base_model = options_.base_model;
  if (!options_.base_model_file.empty()) {
    options_.checkpoint.base_model = "file:" + options_.base_model_file.string();
  }
}

Result<std::unique_ptr<Service>> Service::Start(ServiceOptions options, net::Http& http,
                                                base::Clock& clock, base::Log log) {
  TRY(CheckOptions(options));
  std::unique_ptr<Service> service(new Service(std::move(options), http, clock, std::move(log)));
  TRY(service->Open());
  service->crew_.Start("trainer/begin",
                       [it = service.get()](std::stop_token stop) { it->Begin(std::move(stop)); });
  return service;
}

Service::~Service() {
  crew_.StopAndJoin();
  stop_.request_stop();  // of long polls
  http_server_.reset();
  checkpointer_.reset();
  feedback_.reset();
  trainer_.reset();
}

Result<> Service::Open() {
  TRY(sys::MakeDirs(options_.state_directory, 0700));
  Retention retention;
  retention.replay = options_.knobs.replay_capacity;
  store_ = TRY(Store::Open(options_.state_directory / "trainer.db", retention)
                   .During("opening the trainer's state"));
  listener_ = TRY(Listener::OnTcp(options_.feedback_listen));
  net::HttpServerOptions http;
  http.thread_per_connection = true;
  http.most_connections = kMostHttpConnections;
  http_server_ = TRY(net::HttpServer::Start(
      options_.http_listen, MakeRoutes(board_, clock_, stop_.get_token(), options_.version), http));
  return base::Ok();
}

Result<Student> Service::PullBase(const Until& until) {
  const auto artifact = TRY(api::ReadTaggedArtifact(options_.base_model));
  RegistryAccess registry(http_, options_.checkpoint.registry, artifact.repository);
  const PulledModel pulled = TRY(PullModel(registry, artifact.tag, until));
  log_.Info("base model", {{"name", options_.base_model}, {"digest", pulled.digest}});
  return ReadBase(pulled.onnx);
}

Result<Student> Service::FindBase(const Until& until) {
  if (!options_.base_model_file.empty()) {
    return ReadBase(TRY(sys::ReadFile(options_.base_model_file, 64 << 20)));
  }
  if (options_.base_model == api::kTeacherModel) return Student::Prior(options_.knobs.seed);
  // Pulled once: a tag that has moved on since must not start the learning anew.
  const auto kept = TRY(Course::KeptBase(*store_, options_.base_model));
  if (kept) return *kept;
  return PullBase(until.Within(kMostForPull));
}

void Service::Begin(std::stop_token stop) {
  const Until until(clock_, base::Instant::max(), stop);
  base::Duration pause = kFirstPause;
  while (!stop.stop_requested()) {
    auto base_model = FindBase(until);
    auto running = base_model.ok() ? Run(*std::move(base_model)) : base_model.error();
    if (running.ok()) return;
    const std::string reason = running.error().message();
    log_.Error("cannot begin", {{"reason", reason}, {"again_in", base::FormatSpan(pause)}});
    board_.Update([&](View& view) {
      view.message = fmt::format("base model {}: {}", options_.checkpoint.base_model, reason);
    });
    until.Pause(pause);
    pause = std::min(pause * 2, kMostPause);
  }
}

Result<> Service::Run(Student base_model) {
  Course course(*std::move(store_), {options_.checkpoint.base_model, std::move(base_model)},
                options_.knobs);
  auto loaded = course.Load();
  if (!loaded.ok()) {
    store_ = std::move(course.store());
    return loaded;
  }
  trainer_ = std::make_unique<Trainer>(std::move(course), board_, clock_, log_);
  const auto make_handler = [this] { return MakeFeedbackHandler(*trainer_, board_, log_); };
  LineServerOptions limits = FeedbackServerOptions();
  limits.on_too_long = [this] { board_.Update([](View& view) { ++view.bad_lines; }); };
  feedback_ = std::make_unique<LineServer>(*std::move(listener_), make_handler, std::move(limits),
                                           clock_, log_);
  checkpointer_ =
      std::make_unique<Checkpointer>(options_.checkpoint, *trainer_, board_, http_, clock_, log_);
  board_.Update([](View& view) {
    view.phase = "running";
    view.message.clear();
  });
  feedback_port_.With([&](int& port) { port = feedback_->port(); });
  log_.Info("running", {{"samples", board_.Read().samples}, {"feedback", feedback_->port()}});
  return base::Ok();
}

Result<int> Service::AwaitFeedbackPort(const Until& until) {
  return feedback_port_.When(
      until, [](int port) { return port != 0; }, [](int& port) { return port; });
}

Result<std::unique_ptr<LineServer>> StartForward(const ForwardOptions& options, base::Clock& clock,
                                                 base::Log log) {
  Listener listener = TRY(Listener::OnUnix(options.socket));
  const auto make_handler = [options, log] {
    return MakeForwarder(options.to, options.patience, log);
  };
  return std::make_unique<LineServer>(std::move(listener), make_handler, FeedbackServerOptions(),
                                      clock, log);
}

}  // namespace vmafx::trainer
