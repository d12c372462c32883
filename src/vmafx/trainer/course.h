#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "vmafx/api/feedback.h"
#include "vmafx/trainer/gate.h"
#include "vmafx/trainer/learner.h"
#include "vmafx/trainer/store.h"

namespace vmafx::trainer {

// Every so manyth sample is never trained on: models are judged by it.
inline constexpr int64_t kHeldOutEvery = 5;

// Where the student starts from.
struct BaseModel {
  std::string name;  // as the training's baseModel says
  Student student;
};

// What a checkpoint is made of: copies of the moment.
struct Candidate {
  Student student;
  Student last;  // the last stable one, else the base
  std::vector<Sample> held_out;
  size_t known = 0;                // of held_out: there when the last stable one passed
  std::vector<Sample> trained_on;  // some of them, to try the file with
  int64_t samples = 0;             // counted
  int64_t steps = 0;
  CheckpointRecord record;
};

// What has been judged, and pushed unless it has no version.
struct JudgedCheckpoint {
  Student student;
  int64_t samples = 0;
  Verdict verdict;
  int64_t version = 0;  // 0: not pushed
  std::string tag;
  std::string digest;
  std::string at;
  int64_t at_unix = 0;
};

// The learner with all that it knows, in memory and on disk alike. One thread. Changes belong into
// a transaction of its store; where that fails, Load brings back what is on disk.
class Course {
 public:
  // `base.student` has as many features as samples must have.
  Course(Store store, BaseModel base, Knobs knobs);

  // The base model of this name, if it is the one that the store's learner began with.
  static base::Result<std::optional<Student>> KeptBase(Store& store, const std::string& name);

  // Reads everything from disk. State that was learnt from another base model, or of another list
  // of features, keeps its count and its jobs; learning starts again.
  base::Result<> Load();

  // Counts the sample and learns from it, unless its job was counted before. kInvalid: another
  // number of features, or a score that is none of libvmaf's. Other errors: the disk.
  base::Result<api::FeedbackReply> Add(const api::FeedbackSample& sample);
  // To be called once after some Adds.
  base::Result<> SaveLearner();

  Candidate MakeCandidate() const;
  // Keeps how it went. After a rejection the learner goes back to the last stable model, and the
  // samples since then that this model finds far wrong are not learnt from again.
  base::Result<> Record(const JudgedCheckpoint& judged);

  Store& store() { return store_; }
  const BaseModel& base() const { return base_; }
  const Learner& learner() const { return learner_; }
  const CheckpointRecord& record() const { return record_; }
  int64_t counted() const { return counted_; }
  size_t held_out() const { return held_out_.size(); }
  size_t replay() const { return replay_.size(); }
  double loss() const { return loss_; }

  // Since the start, for people: not on disk.
  void CountRefused() { ++refused_; }
  int64_t refused() const { return refused_; }
  int64_t duplicates() const { return duplicates_; }
  // The last one that was counted.
  const std::optional<api::FeedbackSample>& newest() const { return newest_; }
  int64_t evictions() const { return evictions_; }

 private:
  base::Result<> LoadLearner();
  base::Result<> Reject(const JudgedCheckpoint& judged);

  Store store_;
  BaseModel base_;
  Knobs knobs_;
  Learner learner_;
  Replay replay_;
  std::deque<StoredSample> training_;  // what replay_ holds, with numbers
  std::deque<StoredSample> held_out_;
  std::optional<Student> stable_;
  CheckpointRecord record_;
  int64_t counted_ = 0;
  double loss_ = 0;
  int64_t refused_ = 0;
  int64_t duplicates_ = 0;
  std::optional<api::FeedbackSample> newest_;
  int64_t evictions_ = 0;
};

}  // namespace vmafx::trainer
