#include "vmafx/controller/schema.h"

namespace vmafx::controller {

using base::Code;
using base::Fail;

namespace {

// `seq` orders jobs of the same second; a job that is queued again keeps it, and so its place.
// Invariants that the database itself holds: running <=> leased, finished <=> finished_at.
constexpr const char* kFirst[] = {
    R"(CREATE TABLE jobs(
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        status TEXT NOT NULL DEFAULT 'pending'
            CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
        scoring TEXT NOT NULL,
        backend TEXT NOT NULL DEFAULT '',
        tenant_id TEXT NOT NULL DEFAULT '',
        idempotency_key TEXT,
        pinned INTEGER NOT NULL DEFAULT 0,
        namespace TEXT NOT NULL DEFAULT '',
        name TEXT NOT NULL DEFAULT '',
        priority INTEGER NOT NULL DEFAULT 0,
        attempt INTEGER NOT NULL DEFAULT 0,
        lost_attempts INTEGER NOT NULL DEFAULT 0,
        available_at INTEGER NOT NULL DEFAULT 0,
        lease_node TEXT,
        lease_session TEXT,
        assigned_node TEXT NOT NULL DEFAULT '',
        score REAL,
        features TEXT,
        pooled TEXT,
        provenance TEXT,
        error TEXT NOT NULL DEFAULT '',
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        started_at INTEGER,
        finished_at INTEGER,
        revision INTEGER NOT NULL,
        CHECK ((status = 'running') = (lease_session IS NOT NULL)),
        CHECK ((status IN ('completed', 'failed', 'cancelled')) = (finished_at IS NOT NULL))))",
    "CREATE UNIQUE INDEX jobs_by_key ON jobs(tenant_id, idempotency_key) "
    "WHERE idempotency_key IS NOT NULL",
    "CREATE INDEX jobs_in_queue ON jobs(priority DESC, seq) WHERE status = 'pending'",
    "CREATE INDEX jobs_by_status ON jobs(status, created_at)",
    "CREATE INDEX jobs_by_revision ON jobs(revision)",
    R"(CREATE TABLE job_attempts(
        job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
        attempt INTEGER NOT NULL,
        node TEXT NOT NULL,
        session TEXT NOT NULL,
        started_at INTEGER NOT NULL,
        ended_at INTEGER,
        outcome TEXT CHECK (outcome IN ('completed', 'failed', 'released', 'expired', 'cancelled')),
        error TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (job_id, attempt)) WITHOUT ROWID)",
    R"(CREATE TABLE job_frames(
        job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        series BLOB NOT NULL,
        PRIMARY KEY (job_id, position)))",
    "PRAGMA user_version = 1",
};

// Samples that wait for their trainers (they outlive their job's row: retention may be shorter than
// a trainer's absence). Attempts and frames under their job's number: ids are random, so each would
// touch a page of its own, numbers lie side by side. Indexes for pulling among many pinned jobs and
// for retention.
constexpr const char* kSecond[] = {
    R"(CREATE TABLE feedback_outbox(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        job_id TEXT NOT NULL,
        trainer TEXT NOT NULL,
        sample TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        UNIQUE (job_id, trainer)))",
    "CREATE INDEX feedback_by_trainer ON feedback_outbox(trainer, id)",
    R"(CREATE TABLE attempts(
        job INTEGER NOT NULL REFERENCES jobs(seq) ON DELETE CASCADE,
        attempt INTEGER NOT NULL,
        node TEXT NOT NULL,
        session TEXT NOT NULL,
        started_at INTEGER NOT NULL,
        ended_at INTEGER,
        outcome TEXT CHECK (outcome IN ('completed', 'failed', 'released', 'expired', 'cancelled')),
        error TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (job, attempt)) WITHOUT ROWID)",
    "INSERT INTO attempts SELECT jobs.seq, a.attempt, a.node, a.session, a.started_at, a.ended_at, "
    "a.outcome, a.error FROM job_attempts AS a JOIN jobs ON jobs.id = a.job_id",
    "DROP TABLE job_attempts",
    "ALTER TABLE attempts RENAME TO job_attempts",
    R"(CREATE TABLE frames(
        job INTEGER NOT NULL REFERENCES jobs(seq) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        series BLOB NOT NULL,
        PRIMARY KEY (job, position)) WITHOUT ROWID)",
    "INSERT INTO frames SELECT jobs.seq, f.position, f.name, f.series "
    "FROM job_frames AS f JOIN jobs ON jobs.id = f.job_id",
    "DROP TABLE job_frames",
    "ALTER TABLE frames RENAME TO job_frames",
    "DROP INDEX jobs_in_queue",
    "CREATE INDEX jobs_in_pool ON jobs(priority DESC, seq) WHERE status = 'pending' AND pinned = 0",
    "CREATE INDEX jobs_by_end ON jobs(finished_at) WHERE finished_at IS NOT NULL",
    "PRAGMA user_version = 2",
};
constexpr int64_t kNewest = 2;

template <size_t kCount>
base::Result<> Apply(Database& database, const char* const (&statements)[kCount]) {
  TRY(database.Run("BEGIN IMMEDIATE"));
  for (const char* statement : statements) TRY(database.Run(statement));
  return database.Run("COMMIT");
}

}  // namespace

base::Result<> Migrate(Database& database) {
  int64_t version = 0;
  TRY(database.Run("PRAGMA user_version", {}, [&](const Row& row) { version = row.Int(0); }));
  if (version > kNewest) {
    return Fail(Code::kInvalid,
                "the database has schema {}, this version knows up to {}: run the newer "
                "vmafx-controller or give another VMAFX_DB_PATH",
                version, kNewest);
  }
  if (version < 1) TRY(Apply(database, kFirst));
  if (version < 2) TRY(Apply(database, kSecond));
  return base::Ok();
}

}  // namespace vmafx::controller
