#include "vmafx/controller/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/files.h"

namespace vmafx::controller {
namespace {

using base::Code;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() { Open(); }

  void Open() {
    store_.reset();  // the file has one owner at a time
    store_ = *JobStore::Open(
        path(), {},
        [this](const std::vector<Change>& changes) {
          changes_.With([&](auto& all) { all.insert(all.end(), changes.begin(), changes.end()); });
        },
        clock_, base::Log::Nowhere());
  }

  std::filesystem::path path() const { return folder_.path() / "jobs.db"; }
  base::Until Soon() { return base::Until::After(clock_, std::chrono::seconds(60)); }

  std::string Submit(NewJob job = {}) {
    if (job.scoring.reference.empty()) job.scoring = {.reference = "/r", .distorted = "/d"};
    return *store_->Submit(job, Soon());
  }
  Job Get(const std::string& id) { return *store_->Get(id, Soon()); }
  std::optional<Job> Claim(const std::string& node, std::vector<std::string> backends = {"cpu"}) {
    return *store_->ClaimNext(backends, {.node = node, .session = node + "-session"}, Soon());
  }
  base::Result<Job> Finish(const Job& job, const Outcome& outcome) {
    return store_->Finish(job.id,
                          {.node = job.node, .session = job.session, .attempt = job.attempt},
                          outcome, Soon());
  }
  std::vector<Event> Events() {
    return changes_.Read([](const auto& all) {
      std::vector<Event> events;
      for (const Change& change : all) events.push_back(change.event);
      return events;
    });
  }

  sys::TempDir folder_ = *sys::TempDir::Make("store");
  base::FakeClock clock_;
  base::Guarded<std::vector<Change>> changes_;
  std::unique_ptr<JobStore> store_;
};

TEST_F(StoreTest, GivesTheSameIdForTheSameIdempotencyKeyWhateverElseIsAsked) {
  const std::string first = Submit({.idempotency_key = "uid-1", .priority = 1});

  const std::string second = Submit({.idempotency_key = "uid-1", .priority = 7});
  const std::string other = Submit({.idempotency_key = "uid-2"});

  EXPECT_EQ(first, second);
  EXPECT_NE(first, other);
  EXPECT_EQ(Get(first).priority, 1);
  EXPECT_EQ(store_->List({}, 0, Soon())->jobs.size(), 2U);
}

TEST_F(StoreTest, GivesOneIdToManyThreadsThatSubmitTheSameKeyAtOnce) {
  base::Guarded<std::map<std::string, int>> ids;
  {
    base::Crew crew;
    for (int i = 0; i < 16; ++i) {
      crew.Start("submit", [&](std::stop_token) {
        const std::string id = Submit({.idempotency_key = "uid"});
        ids.With([&](auto& all) { ++all[id]; });
      });
    }
    ASSERT_TRUE(ids.Await(base::Until::After(clock_, std::chrono::hours(1)),
                          [](const auto& all) {
                            int sum = 0;
                            for (const auto& [id, count] : all) sum += count;
                            return sum == 16;
                          })
                    .ok());
  }

  EXPECT_EQ(ids.Read([](const auto& all) { return all.size(); }), 1U);
}

TEST_F(StoreTest, KeepsWhatWasSubmitted) {
  NewJob job{.scoring = {.reference = "file:///r \"x\"",
                         .distorted = "file:///d",
                         .model = "vmaf_v0.6.1",
                         .backend = "cpu",
                         .options = R"({"width":64})"},
             .idempotency_key = "uid",
             .pinned = true,
             .name_space = "team",
             .name = "clip",
             .priority = 3};

  const Job stored = Get(Submit(job));

  EXPECT_EQ(stored.scoring, job.scoring);
  EXPECT_EQ(stored.idempotency_key, "uid");
  EXPECT_EQ(stored.name_space, "team");
  EXPECT_EQ(stored.name, "clip");
  EXPECT_TRUE(stored.pinned);
  EXPECT_EQ(stored.status, Status::kPending);
  EXPECT_THAT(stored.id,
              ::testing::MatchesRegex(
                  "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
}

TEST_F(StoreTest, LeasesByPriorityThenAge) {
  const std::string old_low = Submit({.priority = 0});
  const std::string young_low = Submit({.priority = 0});
  const std::string high = Submit({.priority = 5});

  std::vector<std::string> order;
  while (auto job = Claim("a")) order.push_back(job->id);

  EXPECT_THAT(order, ElementsAre(high, old_low, young_low));
}

TEST_F(StoreTest, GivesNoPinnedJobToAPoolWorker) {
  const std::string pinned = Submit({.pinned = true, .priority = 9});

  EXPECT_FALSE(Claim("pool"));
  auto own = *store_->ClaimJob(pinned, {.node = "own", .session = "s"}, Soon());
  ASSERT_TRUE(own);
  EXPECT_EQ(own->attempt, 1);
}

TEST_F(StoreTest, GivesAWorkerOnlyJobsOfItsBackends) {
  NewJob cuda{.scoring = {.reference = "/r", .distorted = "/d", .backend = "cuda"}};
  const std::string id = Submit(cuda);

  EXPECT_FALSE(Claim("a", {"cpu"}));
  EXPECT_EQ(Claim("b", {"cpu", "cuda"})->id, id);
}

TEST_F(StoreTest, GivesTheSameLeaseAgainToTheWorkerThatHasItAndNoneToOthers) {
  const std::string id = Submit({.pinned = true});
  const Job first = **store_->ClaimJob(id, {.node = "pod-1", .session = "s1"}, Soon());

  const auto again = *store_->ClaimJob(id, {.node = "pod-1", .session = "s2"}, Soon());
  const auto other = *store_->ClaimJob(id, {.node = "pod-2", .session = "s3"}, Soon());

  ASSERT_TRUE(again);
  EXPECT_EQ(again->attempt, first.attempt);
  EXPECT_FALSE(other);
}

TEST_F(StoreTest, KeepsAResultAndAcceptsItsRepetition) {
  Submit();
  const Job job = *Claim("a");
  const Outcome outcome{.score = 0.1 + 0.2,
                        .features = {{"adm2", 0.9}},
                        .pooled = Pooled{.mean = 0.3, .min = 0.25, .frames = 2},
                        .provenance = R"({"library":"libvmaf"})",
                        .frame_scores = {0.25, 0.35},
                        .series = {{"adm2", {0.8, 1.0}}}};

  const Job finished = *Finish(job, outcome);
  const auto repeated = Finish(job, {.score = 99});

  EXPECT_EQ(finished.status, Status::kCompleted);
  ASSERT_TRUE(repeated.ok());
  const Job stored = Get(job.id);
  EXPECT_EQ(stored.score, 0.1 + 0.2);
  EXPECT_EQ(stored.features.at("adm2"), 0.9);
  EXPECT_EQ(stored.pooled->min, 0.25);
  EXPECT_EQ(stored.provenance, R"({"library":"libvmaf"})");
  EXPECT_EQ(stored.node, "a");
  const auto frames = *store_->Frames(job.id, Soon());
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_THAT(frames[0].values, ElementsAre(0.25, 0.35));
  EXPECT_EQ(frames[1].name, "adm2");
  EXPECT_THAT(Events(), ElementsAre(Event::kSubmitted, Event::kLeased, Event::kFinished));
}

TEST_F(StoreTest, RefusesTheLateReportOfALostAttempt) {
  Submit();
  const Job first = *Claim("a");
  ASSERT_TRUE(store_->LoseLease(first.id, first.attempt, "gone", Event::kLost, Soon()).ok());
  clock_.Advance(std::chrono::minutes(1));
  const Job second = *Claim("b");

  const auto late = Finish(first, {.score = 1});
  const auto right = Finish(second, {.score = 2});
  const auto too_late = Finish(first, {.score = 1});

  EXPECT_TRUE(late.Is(Code::kDenied));
  EXPECT_THAT(late.error().message(), HasSubstr("attempt 1 of worker a has lost its lease"));
  ASSERT_TRUE(right.ok());
  EXPECT_TRUE(too_late.Is(Code::kDenied));
  EXPECT_EQ(Get(first.id).score, 2);
}

TEST_F(StoreTest, FailsAJobWithItsThirdLostLease) {
  const std::string id = Submit();
  for (int i = 1; i <= 3; ++i) {
    clock_.Advance(std::chrono::minutes(10));
    const Job job = *Claim("a");
    ASSERT_EQ(job.attempt, i);
    ASSERT_TRUE(store_->LoseLease(id, i, "no heartbeat", Event::kLost, Soon()).ok());
  }

  const Job job = Get(id);
  EXPECT_EQ(job.status, Status::kFailed);
  EXPECT_EQ(job.lost_attempts, 3);
  EXPECT_EQ(job.error, "3 of 3 attempts lost their worker; the last one, on a: no heartbeat");
  EXPECT_NE(job.finished_at, 0);
  EXPECT_FALSE(Claim("a"));
}

TEST_F(StoreTest, CountsNoLossForAJobThatIsGivenBack) {
  Submit();
  const Job job = *Claim("a");

  ASSERT_TRUE(Finish(job, {.error = "node shutting down, job interrupted", .released = true}).ok());

  const auto again = Claim("b");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->attempt, 2);
  EXPECT_EQ(again->lost_attempts, 0);
}

TEST_F(StoreTest, WaitsBeforeAPoolWorkerGetsALostJobAgainAndDoublesTheWait) {
  const std::string id = Submit();
  Claim("a");
  ASSERT_TRUE(store_->LoseLease(id, 1, "gone", Event::kLost, Soon()).ok());
  EXPECT_FALSE(Claim("b"));
  clock_.Advance(std::chrono::seconds(5));
  ASSERT_TRUE(Claim("b"));
  ASSERT_TRUE(store_->LoseLease(id, 2, "gone", Event::kLost, Soon()).ok());

  clock_.Advance(std::chrono::seconds(9));
  EXPECT_FALSE(Claim("c"));
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_TRUE(Claim("c"));
}

TEST_F(StoreTest, PutsALostJobAheadOfYoungerOnes) {
  const std::string first = Submit();
  Submit();
  Claim("a");
  ASSERT_TRUE(store_->LoseLease(first, 1, "gone", Event::kLost, Soon()).ok());
  clock_.Advance(std::chrono::minutes(1));

  EXPECT_EQ(Claim("b")->id, first);
}

TEST_F(StoreTest, NeverOverwritesACancelledJob) {
  const std::string id = Submit();
  const Job job = *Claim("a");
  ASSERT_EQ(store_->Cancel(id, Soon())->status, Status::kCancelled);

  EXPECT_TRUE(Finish(job, {.score = 5}).ok());
  EXPECT_TRUE(store_->Cancel(id, Soon()).ok());
  EXPECT_EQ(Get(id).status, Status::kCancelled);
  EXPECT_TRUE(store_->ClaimJob(id, {.node = "a"}, Soon()).Is(Code::kConflict));
}

TEST_F(StoreTest, NamesAJobThatIsNotThere) {
  const auto missing = store_->Get("nope", Soon());

  EXPECT_TRUE(missing.Is(Code::kNotFound));
  EXPECT_EQ(missing.error().message(), "job nope: no such job");
  EXPECT_TRUE(store_->Cancel("nope", Soon()).Is(Code::kNotFound));
}

TEST_F(StoreTest, UndoesOnlyTheCallThatFails) {
  const std::string good = Submit();
  const auto bad = store_->ClaimJob("nope", {.node = "a"}, Soon());

  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(Get(good).status, Status::kPending);
  EXPECT_TRUE(store_->Health().ok());
}

TEST_F(StoreTest, KeepsJobsAndLeasesAcrossARestart) {
  const std::string waiting = Submit({.idempotency_key = "uid"});
  const std::string running = Submit({.pinned = true});
  store_->ClaimJob(running, {.node = "a", .session = "s"}, Soon()).ValueOr(std::nullopt);
  const int64_t revision = Get(running).revision;

  Open();

  EXPECT_EQ(Get(waiting).status, Status::kPending);
  EXPECT_EQ(Get(running).status, Status::kRunning);
  EXPECT_EQ(Submit({.idempotency_key = "uid"}), waiting);
  EXPECT_GT(Get(Submit()).revision, revision);
}

TEST_F(StoreTest, RefusesAFileThatAnotherProcessHas) {
  const auto second = JobStore::Open(
      path(), {}, [](const auto&) {}, clock_, base::Log::Nowhere());

  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().message(), HasSubstr("jobs.db"));
  EXPECT_THAT(second.error().message(), HasSubstr("locked"));
}

TEST_F(StoreTest, RemovesOldJobsWithTheirFramesInSmallPieces) {
  for (int i = 0; i < 5; ++i) {
    Submit();
    const Job job = *Claim("pod-1");
    ASSERT_TRUE(Finish(job, {.score = 1, .frame_scores = {1, 2}}).ok());
  }
  clock_.Advance(std::chrono::seconds(10));
  const std::string waiting = Submit();
  const int64_t now =
      std::chrono::duration_cast<std::chrono::seconds>(clock_.WallNow().time_since_epoch()).count();

  EXPECT_EQ(*store_->Prune(now - 5, 3, Soon()), 3);
  EXPECT_EQ(*store_->Prune(now - 5, 3, Soon()), 2);
  EXPECT_EQ(*store_->Prune(now - 5, 3, Soon()), 0);

  EXPECT_EQ(Get(waiting).status, Status::kPending);
  store_.reset();
  auto database = *Database::Open(path());
  for (const char* table : {"job_frames", "job_attempts"}) {
    int64_t rows = -1;
    ASSERT_TRUE(database
                    .Run(fmt::format("SELECT count(*) FROM {}", table), {},
                         [&](const Row& row) { rows = row.Int(0); })
                    .ok());
    EXPECT_EQ(rows, 0) << table;
  }
}

TEST_F(StoreTest, ListsAllJobsInPages) {
  for (size_t i = 0; i < JobStore::kPage + 2; ++i) Submit();

  const JobPage first = *store_->List({}, 0, Soon());
  const JobPage second = *store_->List({}, first.next, Soon());

  EXPECT_EQ(first.jobs.size(), JobStore::kPage);
  EXPECT_EQ(second.jobs.size(), 2U);
  EXPECT_EQ(second.next, 0);
  EXPECT_GT(second.jobs[0].revision, first.jobs.back().revision);
}

TEST_F(StoreTest, BringsADatabaseOfTheFirstSchemaUpToDate) {
  const std::string done = Submit();
  ASSERT_TRUE(Finish(*Claim("pod-1"), {.score = 1, .frame_scores = {1, 2}}).ok());
  const std::string id = Submit();
  ASSERT_TRUE(Claim("pod-2"));
  store_.reset();
  {
    auto database = *Database::Open(path());
    for (const char* back :
         {"DROP TABLE feedback_outbox", "DROP INDEX jobs_in_pool", "DROP INDEX jobs_by_end",
          "ALTER TABLE job_attempts RENAME TO a", "ALTER TABLE job_frames RENAME TO f",
          "CREATE TABLE job_attempts AS SELECT jobs.id AS job_id, a.* FROM a JOIN jobs ON "
          "jobs.seq = a.job",
          "CREATE TABLE job_frames AS SELECT jobs.id AS job_id, f.* FROM f JOIN jobs ON "
          "jobs.seq = f.job",
          "DROP TABLE a", "DROP TABLE f",
          "CREATE INDEX jobs_in_queue ON jobs(priority DESC, seq) WHERE status = 'pending'",
          "PRAGMA user_version = 1"}) {
      ASSERT_TRUE(database.Run(back).ok());
    }
  }

  Open();

  EXPECT_THAT(store_->Frames(done, Soon())->at(0).values, ElementsAre(1, 2));
  EXPECT_TRUE(Finish(Get(id), {.score = 2}).ok());
  EXPECT_TRUE(store_->FeedbackTrainers(Soon())->empty());
}

TEST_F(StoreTest, RefusesADatabaseOfANewerVersion) {
  store_.reset();
  {
    auto database = *Database::Open(path());
    ASSERT_TRUE(database.Run("PRAGMA user_version = 99").ok());
  }

  const auto store = JobStore::Open(
      path(), {}, [](const auto&) {}, clock_, base::Log::Nowhere());

  ASSERT_TRUE(store.Is(Code::kInvalid));
  EXPECT_THAT(store.error().message(), HasSubstr("schema 99"));
}

}  // namespace
}  // namespace vmafx::controller
