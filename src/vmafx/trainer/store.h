#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sqlite/database.h"
#include "vmafx/trainer/learner.h"

namespace vmafx::trainer {

// A sample with its place in the order of arrival, from 1.
struct StoredSample {
  int64_t number = 0;
  bool held_out = false;
  Sample sample;
};

// How checkpoints went so far.
struct CheckpointRecord {
  int64_t version = 0;         // of the last one that was pushed
  int64_t samples = 0;         // counted when the last one was judged
  std::string at;              // when that was, RFC 3339; "" never
  int64_t at_unix = 0;         // the same in seconds
  std::string model_version;   // tag of the last one that was not rejected
  std::string model_digest;    // of its manifest
  std::string gate_result;     // of the last one
  std::string message;         // how it went, for people
  int64_t stable_samples = 0;  // counted when the last stable one was judged; 0: there is none
  std::string stable_version;
  int64_t passed = 0;
  int64_t not_enough = 0;
  int64_t rejected = 0;
  int64_t quarantined = 0;  // samples that were taken out of learning

  bool operator==(const CheckpointRecord&) const = default;
};

// How much is kept.
struct Retention {
  size_t replay = 10000;         // samples to train on
  size_t held_out = 1000;        // samples to judge by
  int64_t known_jobs = 200'000;  // of which it is known that they were counted
};

// The trainer's state in one SQLite file. All changes between Begin and Commit are on disk together
// or not at all. One thread. Errors as of sqlite::Database.
class Store {
 public:
  static base::Result<Store> Open(const std::filesystem::path& path, Retention retention);

  base::Result<> Begin() { return database_.Run("BEGIN IMMEDIATE"); }
  base::Result<> Commit() { return database_.Run("COMMIT"); }
  // Also where there is no transaction left.
  void Rollback() { (void)database_.Run("ROLLBACK").ok(); }

  // Whether a sample of this job was counted before; false for one that is older than the known.
  base::Result<bool> IsKnown(const std::string& job_id);
  // Keeps the sample and its job; drops the oldest beyond the retention.
  base::Result<> Add(const std::string& job_id, const StoredSample& sample);
  base::Result<> Remove(int64_t number);

  // The samples in order of arrival, and how many were counted over all time.
  base::Result<std::vector<StoredSample>> Samples();
  base::Result<int64_t> Counted();

  // Models by name: "learner", "base", "stable". Empty where there is none.
  base::Result<> SaveNumbers(const std::string& name, std::vector<double> numbers);
  base::Result<std::vector<double>> LoadNumbers(const std::string& name);
  base::Result<> SaveText(const std::string& name, const std::string& text);
  base::Result<std::string> LoadText(const std::string& name);

  base::Result<> SaveRecord(const CheckpointRecord& record);
  base::Result<CheckpointRecord> LoadRecord();

 private:
  Store(sqlite::Database database, Retention retention)
      : database_(std::move(database)), retention_(retention) {}
  base::Result<> MakeTables();

  sqlite::Database database_;
  Retention retention_;
};

}  // namespace vmafx::trainer
