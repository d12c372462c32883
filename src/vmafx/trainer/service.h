#pragma once

#include <memory>
#include <optional>
#include <string>

#include "vmafx/trainer/checkpoint.h"
#include "vmafx/trainer/feedback.h"
#include "vmafx/trainer/web.h"

namespace vmafx::trainer {

struct ServiceOptions {
  std::string feedback_listen = ":9092";
  std::string http_listen = ":9091";
  std::filesystem::path state_directory = "/state";
  std::string base_model =
      "vmaf_v0.6.1";                      // the teacher: start from the prior; or REGISTRY/REPO:TAG
  std::filesystem::path base_model_file;  // an ONNX checkpoint of ours, instead of that
  Knobs knobs;
  CheckpointOptions checkpoint;
  std::string version;
};

// The whole trainer: status port, feedback port, learner, checkpoints. The status port answers at
// once; the others begin when the base model is there, which is tried until it is.
class Service {
 public:
  // kInvalid: an option; kUnavailable: a port or the state cannot be opened. `http` must not follow
  // redirects and outlives this.
  static base::Result<std::unique_ptr<Service>> Start(ServiceOptions options, net::Http& http,
                                                      base::Clock& clock, base::Log log);
  // Finishes what was taken, then ends.
  ~Service();

  int http_port() const { return http_server_->port(); }
  // Ends when the service is running or `until` is over.
  base::Result<int> AwaitFeedbackPort(const base::Until& until);
  const Board& board() const { return board_; }

 private:
  Service(ServiceOptions options, net::Http& http, base::Clock& clock, base::Log log);

  base::Result<> Open();
  void Begin(std::stop_token stop);
  base::Result<Student> FindBase(const base::Until& until);
  base::Result<Student> PullBase(const base::Until& until);
  base::Result<> Run(Student base_model);

  ServiceOptions options_;
  net::Http& http_;
  base::Clock& clock_;
  base::Log log_;
  std::stop_source stop_;
  Board board_;
  std::optional<Listener> listener_;
  std::optional<Store> store_;
  base::Guarded<int> feedback_port_{0};
  std::unique_ptr<net::HttpServer> http_server_;
  // Made by the thread that begins, in this order; ended in the other.
  std::unique_ptr<Trainer> trainer_;
  std::unique_ptr<Checkpointer> checkpointer_;
  std::unique_ptr<LineServer> feedback_;
  base::Crew crew_;
};

// Of --forward.
struct ForwardOptions {
  std::filesystem::path socket;
  std::string to;  // "HOST:PORT"
  base::Duration patience = std::chrono::seconds(15);
};
base::Result<std::unique_ptr<LineServer>> StartForward(const ForwardOptions& options,
                                                       base::Clock& clock, base::Log log);

}  // namespace vmafx::trainer
