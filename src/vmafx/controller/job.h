#pragma once

// vmafx/controller: stores scoring jobs, leases them to workers and tells everyone who watches. Top
// down: controller.h (the whole) -> grpc_server.h and HTTP -> dispatcher.h (what each call
// means) -> store.h (what is on disk), leases.h and registry.h (what is only in memory), feed.h
// (who watches), outbox.h (samples for trainers). Who may call what is identity.h and
// authenticator.h; only token_review.h knows Kubernetes. Plain types only: generated code stays in
// grpc_server.cc and translate.cc.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmafx::controller {

enum class Status { kPending, kRunning, kCompleted, kFailed, kCancelled };

// "pending", "running", "completed", "failed", "cancelled": as in the database.
std::string_view ToString(Status status);
std::optional<Status> ParseStatus(std::string_view word);
inline bool IsFinished(Status status) {
  return status != Status::kPending && status != Status::kRunning;
}

struct Scoring {
  std::string reference;
  std::string distorted;
  std::string model;    // empty: the worker's default
  std::string backend;  // empty: any
  std::string options;  // vmafx.v1.ScoreOptions as JSON; empty: none
  bool operator==(const Scoring&) const = default;
};

struct Pooled {
  double mean = 0;
  double harmonic_mean = 0;
  double min = 0;
  double max = 0;
  double p1 = 0;
  double p5 = 0;
  uint64_t frames = 0;
};

struct Series {
  std::string name;
  std::vector<double> values;
};

struct NewJob {
  Scoring scoring;
  std::string idempotency_key;  // empty: none
  bool pinned = false;
  std::string name_space;
  std::string name;
  int32_t priority = 0;
};

// Times are Unix seconds, 0: not yet.
struct Job {
  std::string id;
  Status status = Status::kPending;
  Scoring scoring;
  std::string idempotency_key;
  bool pinned = false;
  std::string name_space;
  std::string name;
  int32_t priority = 0;
  int32_t attempt = 0;
  int32_t lost_attempts = 0;
  std::string node;     // that has or had it last
  std::string session;  // of the lease; empty without one
  std::string error;    // why it failed, or why its last attempt ended without a result
  int64_t created_at = 0;
  int64_t updated_at = 0;
  int64_t started_at = 0;
  int64_t finished_at = 0;
  int64_t revision = 0;
  int64_t number = 0;  // its place among all jobs, by age; of this database only
  // When completed.
  double score = 0;
  std::map<std::string, double> features;
  std::optional<Pooled> pooled;
  std::string provenance;  // vmafx.v1.Provenance as JSON
};

// A committed change of a job, and what happened.
enum class Event {
  kSubmitted,
  kLeased,
  kLeasedAgain,    // by the worker that has it
  kReleased,       // given back by its worker
  kLost,           // its worker is gone; the job waits again
  kLostByRestart,  // the same, and the worker was not heard since the controller started
  kFinished,       // completed, failed or cancelled
};
struct Change {
  Job job;
  Event event;
};

// A sample of a scored job for one trainer that has not acknowledged it to the worker.
struct Feedback {
  std::string trainer;  // HOST:PORT
  std::string sample;   // a line of vmafx/api/feedback.h
};

// What a worker reports at the end.
struct Outcome {
  double score = 0;
  std::map<std::string, double> features;
  std::optional<Pooled> pooled;
  std::string provenance;
  std::vector<double> frame_scores;
  std::vector<Series> series;
  std::string error;      // not empty: the job failed
  bool released = false;  // with error: the worker gives the job back
  std::vector<Feedback> feedback;
};

// Which worker speaks, and for which attempt (0: the one that its session pulled).
struct Holder {
  std::string node;
  std::string session;
  int32_t attempt = 0;
  std::optional<std::string> confined_to = std::nullopt;  // only pinned jobs of this namespace
};

}  // namespace vmafx::controller
