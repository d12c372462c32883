#pragma once

#include <filesystem>
#include <string>

#include "base/log.h"
#include "net/http.h"
#include "vmafx/trainer/registry.h"
#include "vmafx/trainer/trainer.h"

namespace vmafx::trainer {

struct CheckpointOptions {
  base::Duration interval = std::chrono::minutes(10);
  int64_t least_samples = 1000;  // new ones since the last
  std::string output_registry;   // "REGISTRY/REPOSITORY"; empty: none
  RegistryOptions registry;
  std::filesystem::path directory;  // also as files there: model_v000042.onnx, .onnx.sha256
  std::string training;             // who we are: NAME and namespace of the VmafxModelTraining
  std::string ns;
  std::string base_model;
};

// "v000042".
std::string VersionTag(int64_t version);

// The candidate as a file, read back and evaluated: our own evaluator's scores of the samples are
// the student's. kInternal when they are not.
base::Result<std::string> MakeVerifiedFile(const Candidate& candidate,
                                           const CheckpointOptions& options);

// Judges, writes and pushes models: each time that the interval has passed and enough new samples
// have come, in whichever order. What fails is said on the board and tried again, with the samples
// that have come meanwhile: after 1 s, 2 s, up to 1 min.
class Checkpointer {
 public:
  // `http` must not follow redirects. All must outlive this.
  Checkpointer(CheckpointOptions options, Trainer& trainer, Board& board, net::Http& http,
               base::Clock& clock, base::Log log);

  // One checkpoint now, whatever the clock says.
  base::Result<JudgedCheckpoint> WriteOne(const base::Until& until);

 private:
  void Loop(base::Instant due, std::stop_token stop);
  base::Result<> AwaitDue(base::Instant due, const base::Until& until);
  base::Instant FirstDue() const;
  void WriteUntilDone(std::stop_token stop);
  base::Result<std::string> Publish(const Candidate& candidate, const JudgedCheckpoint& judged,
                                    const std::string& onnx, const base::Until& until);
  ModelArtifact MakeArtifact(const Candidate& candidate, const JudgedCheckpoint& judged,
                             const std::string& onnx) const;

  CheckpointOptions options_;
  Trainer& trainer_;
  Board& board_;
  net::Http& http_;
  base::Clock& clock_;
  base::Log log_;
  base::Crew crew_;
};

}  // namespace vmafx::trainer
