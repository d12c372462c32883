#include "vmafx/controller/store.h"

#include <algorithm>

#include "base/text.h"
#include "net/certificates.h"
#include "vmafx/controller/rows.h"
#include "vmafx/controller/schema.h"

namespace vmafx::controller {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;

namespace {

// A random UUID, RFC 4122 version 4.
std::string NewId() {
  std::string hex = net::RandomHex(16);
  hex[12] = '4';
  const std::string_view variants = "89ab";
  hex[16] = variants[static_cast<size_t>(hex[16]) % variants.size()];
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

SqlValue TextOrNull(const std::string& text) {
  if (text.empty()) return nullptr;
  return text;
}

SqlValue TimeOrNull(int64_t seconds) {
  if (seconds == 0) return nullptr;
  return seconds;
}

base::Error NoSuchJob(const std::string& id) {
  return Fail(Code::kNotFound, "job {}: no such job", id);
}

bool Holds(const Job& job, const Holder& holder) {
  if (holder.attempt != 0) return job.attempt == holder.attempt && job.node == holder.node;
  return !job.session.empty() && job.session == holder.session;
}

// A confined worker learns nothing of jobs that it may not have, not even whether they exist.
Result<> MayHave(const Holder& holder, const std::string& id, const Result<Job>& job) {
  if (!holder.confined_to) return base::Ok();
  if (job.ok() && job->pinned && job->name_space == *holder.confined_to) return base::Ok();
  if (!job.ok() && !job.Is(Code::kNotFound)) return job.error();
  return Fail(Code::kDenied, "job {} is not a pinned job of namespace \"{}\", the worker's own", id,
              *holder.confined_to);
}

}  // namespace

Result<std::unique_ptr<JobStore>> JobStore::Open(const std::filesystem::path& path,
                                                 StoreOptions options, Writer::Listener listener,
                                                 base::Clock& clock, base::Log log) {
  auto database = TRY(Database::Open(path));
  // What undoes one call of a batch needs no file; and pages that change often are brought from the
  // log to their place (a flush each time) after 32 MiB, not after 4.
  TRY(database.Run("PRAGMA temp_store=MEMORY"));
  TRY(database.Run("PRAGMA wal_autocheckpoint=8192"));
  TRY(Migrate(database).During("database " + path.string()));
  std::unique_ptr<JobStore> store(new JobStore(options, clock));
  TRY(database.Run("SELECT max(revision) FROM jobs", {},
                   [&](const Row& row) { store->revision_ = row.Int(0); }));
  store->writer_ = std::make_unique<Writer>(std::move(database), std::move(listener), clock, log);
  return store;
}

int64_t JobStore::NowSeconds() const {
  return std::chrono::duration_cast<std::chrono::seconds>(clock_.WallNow().time_since_epoch())
      .count();
}

Result<Job> JobStore::Load(Transaction& transaction, const std::string& id) {
  static const std::string sql = fmt::format("SELECT {} FROM jobs WHERE id = ?1", kJobColumns);
  std::optional<Job> job;
  TRY(transaction.database.Run(sql, {id}, [&](const Row& row) { job = JobFromRow(row); }));
  if (!job) return NoSuchJob(id);
  return *std::move(job);
}

Result<> JobStore::Save(Transaction& transaction, Job& job, Event event) {
  job.revision = ++revision_;
  job.updated_at = NowSeconds();
  const bool scored = job.status == Status::kCompleted;
  TRY(transaction.database.Run(
      "UPDATE jobs SET status = ?2, attempt = ?3, lost_attempts = ?4, assigned_node = ?5, "
      "lease_node = ?6, lease_session = ?7, error = ?8, updated_at = ?9, started_at = ?10, "
      "finished_at = ?11, revision = ?12, score = ?13, features = ?14, pooled = ?15, "
      "provenance = ?16 WHERE id = ?1",
      {job.id, std::string(ToString(job.status)), int64_t{job.attempt}, int64_t{job.lost_attempts},
       job.node, job.session.empty() ? SqlValue(nullptr) : SqlValue(job.node),
       TextOrNull(job.session), job.error, job.updated_at, TimeOrNull(job.started_at),
       TimeOrNull(job.finished_at), job.revision, scored ? SqlValue(job.score) : nullptr,
       scored ? SqlValue(FeaturesToJson(job.features)) : nullptr,
       job.pooled ? SqlValue(PooledToJson(*job.pooled)) : nullptr, TextOrNull(job.provenance)}));
  transaction.changed.push_back({job, event});
  return base::Ok();
}

Result<std::string> JobStore::Submit(const NewJob& submitted, const Until& until) {
  return writer_->Do<std::string>(
      [this, submitted](Transaction& transaction) -> Result<std::string> {
        Database& database = transaction.database;
        if (!submitted.idempotency_key.empty()) {
          std::string known;
          TRY(database.Run("SELECT id FROM jobs WHERE tenant_id = '' AND idempotency_key = ?1",
                           {submitted.idempotency_key},
                           [&](const Row& row) { known = row.Text(0); }));
          if (!known.empty()) return known;
        }
        Job job;
        job.id = NewId();
        job.scoring = submitted.scoring;
        job.idempotency_key = submitted.idempotency_key;
        job.pinned = submitted.pinned;
        job.name_space = submitted.name_space;
        job.name = submitted.name;
        job.priority = submitted.priority;
        job.created_at = job.updated_at = NowSeconds();
        job.revision = ++revision_;
        TRY(database.Run(
            "INSERT INTO jobs(id, scoring, backend, idempotency_key, pinned, namespace, name, "
            "priority, created_at, updated_at, revision) "
            "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)",
            {job.id, ScoringToJson(job.scoring), job.scoring.backend,
             TextOrNull(job.idempotency_key), int64_t{job.pinned}, job.name_space, job.name,
             int64_t{job.priority}, job.created_at, job.revision}));
        TRY(database.Run("SELECT last_insert_rowid()", {},
                         [&](const Row& row) { job.number = row.Int(0); }));
        std::string id = job.id;
        transaction.changed.push_back({std::move(job), Event::kSubmitted});
        return id;
      },
      until);
}

Result<Job> JobStore::Get(const std::string& id, const Until& until) {
  return writer_->Do<Job>([this, id](Transaction& transaction) { return Load(transaction, id); },
                          until);
}

Result<Job> JobStore::Cancel(const std::string& id, const Until& until) {
  return writer_->Do<Job>(
      [this, id](Transaction& transaction) -> Result<Job> {
        Job job = TRY(Load(transaction, id));
        if (IsFinished(job.status)) return job;
        TRY(EndLease(transaction, job, "cancelled", "cancelled"));
        job.status = Status::kCancelled;
        job.finished_at = NowSeconds();
        TRY(Save(transaction, job, Event::kFinished));
        return job;
      },
      until);
}

Result<> JobStore::StartLease(Transaction& transaction, Job& job, const Holder& holder) {
  job.status = Status::kRunning;
  job.attempt += 1;
  job.node = holder.node;
  job.session = holder.session;
  job.error.clear();
  if (job.started_at == 0) job.started_at = NowSeconds();
  TRY(transaction.database.Run(
      "INSERT INTO job_attempts(job, attempt, node, session, started_at) "
      "VALUES(?1, ?2, ?3, ?4, ?5)",
      {job.number, int64_t{job.attempt}, holder.node, holder.session, NowSeconds()}));
  return Save(transaction, job, Event::kLeased);
}

Result<> JobStore::EndLease(Transaction& transaction, Job& job, std::string_view outcome,
                            const std::string& error) {
  job.session.clear();
  return transaction.database.Run(
      "UPDATE job_attempts SET ended_at = ?3, outcome = ?4, error = ?5 "
      "WHERE job = ?1 AND attempt = ?2 AND ended_at IS NULL",
      {job.number, int64_t{job.attempt}, NowSeconds(), std::string(outcome), error});
}

Result<std::optional<Job>> JobStore::ClaimNext(const std::vector<std::string>& backends,
                                               const Holder& holder, const Until& until) {
  return writer_->Do<std::optional<Job>>(
      [this, backends, holder](Transaction& transaction) -> Result<std::optional<Job>> {
        // By that index or not at all: SQLite would rather sort all pending jobs.
        std::string sql = fmt::format(
            "SELECT {} FROM jobs INDEXED BY jobs_in_pool WHERE status = 'pending' AND pinned = 0 "
            "AND available_at <= ?",
            kJobColumns);
        std::vector<SqlValue> values{NowSeconds()};
        if (!backends.empty()) {
          sql += fmt::format(" AND backend IN ('', {})",
                             base::Join(std::vector<std::string>(backends.size(), "?"), ", "));
          values.insert(values.end(), backends.begin(), backends.end());
        }
        sql += " ORDER BY priority DESC, seq LIMIT 1";
        std::optional<Job> job;
        TRY(transaction.database.Run(sql, values, [&](const Row& row) { job = JobFromRow(row); }));
        if (job) TRY(StartLease(transaction, *job, holder));
        return job;
      },
      until);
}

Result<std::optional<Job>> JobStore::ClaimJob(const std::string& id, const Holder& holder,
                                              const Until& until) {
  return writer_->Do<std::optional<Job>>(
      [this, id, holder](Transaction& transaction) -> Result<std::optional<Job>> {
        auto found = Load(transaction, id);
        TRY(MayHave(holder, id, found));
        if (!found.ok()) return std::move(found).error();  // TRY: g++ 12 -O2 warns falsely
        Job job = *std::move(found);
        if (IsFinished(job.status)) {
          return Fail(Code::kConflict, "job {} is already {}", id, ToString(job.status));
        }
        if (job.status == Status::kRunning && job.node != holder.node) return std::optional<Job>();
        if (job.status == Status::kRunning) {
          // The same worker again: its answer was lost, or it registered anew.
          job.session = holder.session;
          TRY(Save(transaction, job, Event::kLeasedAgain));
          return std::optional<Job>(job);
        }
        TRY(StartLease(transaction, job, holder));
        return std::optional<Job>(job);
      },
      until);
}

Result<Job> JobStore::Finish(const std::string& id, const Holder& holder, const Outcome& outcome,
                             const Until& until) {
  return writer_->Do<Job>(
      [this, id, holder, outcome](Transaction& transaction) -> Result<Job> {
        auto found = Load(transaction, id);
        TRY(MayHave(holder, id, found));
        if (!found.ok()) return std::move(found).error();  // TRY: g++ 12 -O2 warns falsely
        Job job = *std::move(found);
        if (job.status == Status::kCancelled) return job;
        const bool current =
            job.node == holder.node && (holder.attempt == 0 || job.attempt == holder.attempt);
        // The answer to an accepted report was lost.
        if (IsFinished(job.status) && current) return job;
        if (job.status == Status::kPending && current && outcome.released) return job;
        if (job.status != Status::kRunning || !Holds(job, holder)) {
          return Fail(
              Code::kDenied,
              "job {}: attempt {} of worker {} has lost its lease: the job is {}, attempt {}", id,
              holder.attempt, holder.node, ToString(job.status), job.attempt);
        }
        TRY(CheckTrainers(job, outcome.feedback));
        TRY(Conclude(transaction, job, outcome));
        return job;
      },
      until);
}

Result<> JobStore::Conclude(Transaction& transaction, Job& job, const Outcome& outcome) {
  job.error = outcome.error;
  if (outcome.released) {
    TRY(EndLease(transaction, job, "released", outcome.error));
    job.status = Status::kPending;
    return Save(transaction, job, Event::kReleased);
  }
  const bool scored = outcome.error.empty();
  TRY(EndLease(transaction, job, scored ? "completed" : "failed", outcome.error));
  job.status = scored ? Status::kCompleted : Status::kFailed;
  job.finished_at = NowSeconds();
  job.provenance = outcome.provenance;
  if (scored) {
    job.score = outcome.score;
    job.features = outcome.features;
    job.pooled = outcome.pooled;
    int64_t position = 0;
    const std::string_view insert =
        "INSERT INTO job_frames(job, position, name, series) VALUES(?1, ?2, ?3, ?4)";
    TRY(transaction.database.Run(insert, {job.number, position++, "", outcome.frame_scores}));
    for (const Series& series : outcome.series) {
      TRY(transaction.database.Run(insert, {job.number, position++, series.name, series.values}));
    }
    TRY(InsertFeedback(transaction.database, job.id, outcome.feedback, job.finished_at));
  }
  return Save(transaction, job, Event::kFinished);
}

Result<Job> JobStore::LoseLease(const std::string& id, int32_t attempt, const std::string& reason,
                                Event event, const Until& until) {
  return writer_->Do<Job>(
      [this, id, attempt, reason, event](Transaction& transaction) -> Result<Job> {
        Job job = TRY(Load(transaction, id));
        if (job.status != Status::kRunning || job.attempt != attempt) return job;
        TRY(EndLease(transaction, job, "expired", reason));
        TRY(Requeue(transaction, job, reason, event));
        return job;
      },
      until);
}

Result<> JobStore::Requeue(Transaction& transaction, Job& job, const std::string& reason,
                           Event event) {
  job.lost_attempts += 1;
  if (job.lost_attempts >= options_.max_lost_attempts) {
    job.status = Status::kFailed;
    job.error = fmt::format("{} of {} attempts lost their worker; the last one, on {}: {}",
                            job.lost_attempts, job.attempt, job.node, reason);
    job.finished_at = NowSeconds();
    return Save(transaction, job, Event::kFinished);
  }
  base::Duration backoff = options_.backoff_base;
  for (int32_t lost = 1; lost < job.lost_attempts; ++lost) backoff *= 2;
  backoff = std::min(backoff, options_.backoff_max);
  job.status = Status::kPending;
  job.error = reason;
  // Holds for pool workers only: who starts a worker for a pinned job has its own pace.
  TRY(transaction.database.Run(
      "UPDATE jobs SET available_at = ?2 WHERE id = ?1",
      {job.id, NowSeconds() + std::chrono::duration_cast<std::chrono::seconds>(backoff).count()}));
  return Save(transaction, job, event);
}

Result<Job> JobStore::GiveUp(const std::string& id, const std::string& reason, const Until& until) {
  return writer_->Do<Job>(
      [this, id, reason](Transaction& transaction) -> Result<Job> {
        Job job = TRY(Load(transaction, id));
        if (IsFinished(job.status)) return job;
        if (job.status == Status::kRunning) job.lost_attempts += 1;
        TRY(EndLease(transaction, job, "expired", reason));
        job.status = Status::kFailed;
        job.error = reason;
        job.finished_at = NowSeconds();
        TRY(Save(transaction, job, Event::kFinished));
        return job;
      },
      until);
}

}  // namespace vmafx::controller
