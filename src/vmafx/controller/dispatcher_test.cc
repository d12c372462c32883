#include "vmafx/controller/dispatcher.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/files.h"

namespace vmafx::controller {
namespace {

using base::Code;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DispatcherTest : public ::testing::Test {
 protected:
  DispatcherTest() { Start(); }

  void Start() {
    dispatcher_.reset();
    dispatcher_ =
        *Dispatcher::Start({.database = folder_.path() / "jobs.db"}, clock_, base::Log::Nowhere());
  }
  base::Until Soon() { return base::Until::After(clock_, std::chrono::hours(10)); }

  std::string Submit(NewJob job = {.pinned = true}) {
    job.scoring = {.reference = "/r", .distorted = "/d"};
    return *dispatcher_->Submit(job, Soon());
  }
  Job Pull(const Session& worker, const std::string& id) {
    return **dispatcher_->Pull({worker.id, worker.token}, {}, id, Soon());
  }
  std::vector<std::string> Beat(const Session& worker, const Job& job) {
    const auto answer =
        dispatcher_->Heartbeat({worker.id, worker.token}, {{job.id, job.attempt}}, 1);
    EXPECT_TRUE(answer.known);
    return answer.cancel;
  }
  Job Get(const std::string& id) { return dispatcher_->Get(id, Soon())->job; }

  // A thread may come to its pause only after the clock has been moved: it is moved on until what
  // that thread does is seen.
  template <typename Seen>
  void AdvanceUntil(const Seen& seen) {
    base::SystemClock patience;
    const auto until = base::Until::After(patience, std::chrono::seconds(60));
    while (!seen()) {
      ASSERT_TRUE(until.Pause(std::chrono::milliseconds(2)));
      clock_.Advance(std::chrono::seconds(5));
    }
  }

  sys::TempDir folder_ = *sys::TempDir::Make("dispatcher");
  base::FakeClock clock_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

TEST_F(DispatcherTest, TakesAJobFromAWorkerThatIsSilentForTheLeasesTime) {
  const Session worker = *dispatcher_->Register({.name = "pod-1"});
  const Job job = Pull(worker, Submit());

  clock_.Advance(std::chrono::seconds(61));

  AdvanceUntil([&] { return Get(job.id).status == Status::kPending; });
  const Job lost = Get(job.id);
  EXPECT_EQ(lost.lost_attempts, 1);
  EXPECT_EQ(lost.error, "no heartbeat from worker pod-1 within the lease's time");
}

TEST_F(DispatcherTest, KeepsTheLeaseOfAWorkerThatBeats) {
  const Session worker = *dispatcher_->Register({.name = "pod-1"});
  const Job job = Pull(worker, Submit());

  for (int i = 0; i < 10; ++i) {
    clock_.Advance(std::chrono::seconds(30));
    EXPECT_THAT(Beat(worker, job), IsEmpty());
  }

  EXPECT_EQ(Get(job.id).status, Status::kRunning);
  EXPECT_EQ(Get(job.id).attempt, 1);
}

TEST_F(DispatcherTest, TellsAWorkerByHeartbeatThatItsJobIsCancelled) {
  const Session worker = *dispatcher_->Register({.name = "pod-1"});
  const Job job = Pull(worker, Submit());
  ASSERT_TRUE(dispatcher_->Cancel(job.id, Soon()).ok());

  EXPECT_THAT(Beat(worker, job), ElementsAre(job.id));
}

TEST_F(DispatcherTest, TellsAWorkerToStopAJobThatIsSomebodyElsesByNow) {
  const Session first = *dispatcher_->Register({.name = "pod-1"});
  const Session second = *dispatcher_->Register({.name = "pod-2"});
  const Job job = Pull(first, Submit());
  ASSERT_TRUE(dispatcher_->Release(job.id, "pod-1", "OOMKilled", Soon()).ok());
  const Job again = Pull(second, job.id);

  EXPECT_THAT(Beat(first, job), ElementsAre(job.id));
  EXPECT_THAT(Beat(second, again), IsEmpty());
}

TEST_F(DispatcherTest, KnowsAWorkerAgainByNameAndAttemptAfterARestart) {
  const Session before = *dispatcher_->Register({.name = "pod-1"});
  const Job job = Pull(before, Submit());

  Start();

  EXPECT_FALSE(dispatcher_->Heartbeat({before.id, before.token}, {{job.id, 1}}, 1).known);
  const Session after = *dispatcher_->Register({.name = "pod-1"});
  EXPECT_THAT(Beat(after, job), IsEmpty());
  ASSERT_TRUE(
      dispatcher_
          ->ReportFinal({after.id, after.token}, {job.id, job.attempt}, {.score = 42}, Soon())
          .ok());
  EXPECT_EQ(Get(job.id).score, 42);
}

TEST_F(DispatcherTest, GivesAWorkerTheWholeLeaseAfterARestart) {
  const Session worker = *dispatcher_->Register({.name = "pod-1"});
  const Job job = Pull(worker, Submit());
  clock_.Advance(std::chrono::seconds(59));

  Start();
  clock_.Advance(std::chrono::seconds(59));
  const Session again = *dispatcher_->Register({.name = "pod-1"});

  EXPECT_THAT(Beat(again, job), IsEmpty());
}

TEST_F(DispatcherTest, RefusesAWrongTokenAndForgetsSilentSessions) {
  const Session worker = *dispatcher_->Register({.name = "pod-1"});
  std::string wrong = worker.token;
  wrong.back() = wrong.back() == '0' ? '1' : '0';

  EXPECT_FALSE(dispatcher_->Heartbeat({worker.id, wrong}, {}, 1).known);
  EXPECT_TRUE(dispatcher_->Pull({worker.id, wrong}, {}, "", Soon()).Is(Code::kDenied));
  EXPECT_TRUE(dispatcher_->Heartbeat({worker.id, worker.token}, {}, 1).known);
}

TEST_F(DispatcherTest, ReleasesOnlyTheLeaseOfTheNamedWorker) {
  const Session worker = *dispatcher_->Register({.name = "pod-1"});
  const Job job = Pull(worker, Submit());

  const auto other = dispatcher_->Release(job.id, "pod-9", "gone", Soon());
  const auto own = dispatcher_->Release(job.id, "pod-1", "exit status 137", Soon());
  const auto twice = dispatcher_->Release(job.id, "pod-1", "exit status 137", Soon());

  EXPECT_TRUE(other.Is(Code::kConflict));
  EXPECT_THAT(other.error().message(), HasSubstr("leased to worker pod-1, not pod-9"));
  ASSERT_TRUE(own.ok());
  EXPECT_EQ(own->status, Status::kPending);
  ASSERT_TRUE(twice.ok());
  EXPECT_EQ(twice->lost_attempts, 1);
}

TEST_F(DispatcherTest, ShowsPartialScoresWhileRunningAndAllAtTheEnd) {
  const Session worker = *dispatcher_->Register({.name = "pod-1"});
  const Job job = Pull(worker, Submit());
  const RunningJob running{job.id, job.attempt};

  EXPECT_TRUE(*dispatcher_->ReportPartial({worker.id, worker.token}, running,
                                          {.first = 0, .scores = {90, 91}}));
  EXPECT_TRUE(*dispatcher_->ReportPartial(
      {worker.id, worker.token}, running,
      {.frames_done = 3, .frames_total = 8, .first = 1, .scores = {92, 93}}));
  EXPECT_FALSE(*dispatcher_->ReportPartial(
      {worker.id, worker.token}, running,
      {.frames_done = 4, .frames_total = 8, .first = 9, .scores = {94}}));
  EXPECT_THAT(dispatcher_->Get(job.id, Soon())->partial.scores, ElementsAre(90, 92, 93));
  EXPECT_EQ(dispatcher_->Get(job.id, Soon())->partial.frames_done, 4U);
  EXPECT_EQ(dispatcher_->Get(job.id, Soon())->partial.frames_total, 8U);

  ASSERT_TRUE(dispatcher_
                  ->ReportFinal({worker.id, worker.token}, running,
                                {.score = 92, .frame_scores = {91, 92, 93}}, Soon())
                  .ok());
  EXPECT_THAT(dispatcher_->Get(job.id, Soon())->partial.scores, ElementsAre(91, 92, 93));
}

TEST_F(DispatcherTest, MakesAScoreThatIsNotANumberAFailureThatNamesIt) {
  const Session worker = *dispatcher_->Register({.name = "pod-1"});
  const Job job = Pull(worker, Submit());

  ASSERT_TRUE(dispatcher_
                  ->ReportFinal({worker.id, worker.token}, {job.id, job.attempt},
                                {.score = 90,
                                 .features = {{"vif", std::numeric_limits<double>::quiet_NaN()}}},
                                Soon())
                  .ok());

  EXPECT_EQ(Get(job.id).status, Status::kFailed);
  EXPECT_EQ(Get(job.id).error, "the worker's result is not a number: feature vif is nan");
}

TEST_F(DispatcherTest, NamesEveryProblemOfASubmission) {
  const auto refused = dispatcher_->Submit(
      {.scoring = {.distorted = "/d", .backend = "cuba"}, .priority = -1}, Soon());

  ASSERT_TRUE(refused.Is(Code::kInvalid));
  EXPECT_EQ(refused.error().message(),
            "scoring.reference is empty; scoring.backend \"cuba\" is not one of cpu, cuda, sycl, "
            "hip, metal (did you mean \"cuda\"?); priority -1 is below 0");
}

TEST_F(DispatcherTest, TellsARestartFromALostWorkerInItsMetrics) {
  const Session worker = *dispatcher_->Register({.name = "pod-1"});
  const Job job = Pull(worker, Submit());

  Start();
  clock_.Advance(std::chrono::seconds(61));

  AdvanceUntil([&] { return Get(job.id).status == Status::kPending; });
  EXPECT_THAT(*dispatcher_->RenderMetrics(Soon()),
              HasSubstr("jobs_requeued_total{reason=\"controller_restart\"} 1"));
}

TEST_F(DispatcherTest, RemovesFinishedJobsAfterTheirTimeAndNoOthers) {
  const std::string old = Submit();
  const std::string waiting = Submit();
  ASSERT_TRUE(dispatcher_->Cancel(old, Soon()).ok());
  clock_.Advance(std::chrono::hours(100));
  const std::string young = Submit();
  ASSERT_TRUE(dispatcher_->Cancel(young, Soon()).ok());

  clock_.Advance(std::chrono::hours(69));

  AdvanceUntil([&] { return dispatcher_->Get(old, Soon()).Is(Code::kNotFound); });
  EXPECT_EQ(Get(waiting).status, Status::kPending);
  EXPECT_EQ(Get(young).status, Status::kCancelled);
}

TEST_F(DispatcherTest, KeepsFinishedJobsForEverWhenToldSo) {
  dispatcher_.reset();
  dispatcher_ =
      *Dispatcher::Start({.database = folder_.path() / "jobs.db", .retention = base::Duration(0)},
                         clock_, base::Log::Nowhere());
  const std::string old = Submit();
  ASSERT_TRUE(dispatcher_->Cancel(old, Soon()).ok());

  clock_.Advance(std::chrono::hours(100'000));

  EXPECT_EQ(Get(old).status, Status::kCancelled);
}

TEST_F(DispatcherTest, ConfinesAWorkerToPinnedJobsOfItsNamespace) {
  const Session worker =
      *dispatcher_->Register({.name = "pod-1", .name_space = "a", .confined_to = "a"});
  const SessionKey key{worker.id, worker.token};
  const std::string own = Submit({.pinned = true, .name_space = "a"});
  const std::string foreign = Submit({.pinned = true, .name_space = "b"});
  const std::string free = Submit({.pinned = false, .name_space = "a"});

  EXPECT_TRUE(dispatcher_->Pull(key, {}, own, Soon()).ok());
  for (const std::string& job : {foreign, free, std::string("nope"), std::string()}) {
    EXPECT_TRUE(dispatcher_->Pull(key, {}, job, Soon()).Is(Code::kDenied)) << job;
  }
  EXPECT_TRUE(dispatcher_->ReportFinal(key, {foreign, 1}, {.score = 1}, Soon()).Is(Code::kDenied));
  EXPECT_TRUE(dispatcher_->ReportFinal(key, {own, 1}, {.score = 1}, Soon()).ok());
}

TEST_F(DispatcherTest, KeepsScoresApartByModelUpToALimit) {
  const Session worker = *dispatcher_->Register({.name = "pod-1"});
  for (size_t i = 0; i < Metrics::kMostModels + 10; ++i) {
    const auto id = *dispatcher_->Submit(
        {.scoring = {.reference = "/r", .distorted = "/d", .model = fmt::format("m{}", i)},
         .pinned = true},
        Soon());
    const Job job = Pull(worker, id);
    ASSERT_TRUE(
        dispatcher_
            ->ReportFinal({worker.id, worker.token}, {job.id, job.attempt}, {.score = 91}, Soon())
            .ok());
  }

  const std::string text = *dispatcher_->RenderMetrics(Soon());

  EXPECT_THAT(text, HasSubstr("vmafx_quality_score_count{model=\"m0\",profile=\"any\","
                              "tenant=\"default\"} 1"));
  EXPECT_THAT(text, HasSubstr("vmafx_quality_score_count{model=\"other\",profile=\"any\","
                              "tenant=\"default\"} 10"));
}

TEST_F(DispatcherTest, TimesWaitingAndWorkingToTheMillisecond) {
  const Session worker = *dispatcher_->Register({.name = "pod-1"});
  const std::string id = Submit();
  clock_.Advance(std::chrono::milliseconds(250));
  const Job job = Pull(worker, id);
  clock_.Advance(std::chrono::milliseconds(125));
  ASSERT_TRUE(
      dispatcher_
          ->ReportFinal({worker.id, worker.token}, {job.id, job.attempt}, {.score = 1}, Soon())
          .ok());

  const std::string text = *dispatcher_->RenderMetrics(Soon());

  EXPECT_THAT(text, HasSubstr("vmafx_controller_job_queue_wait_seconds_sum 0.25"));
  EXPECT_THAT(text,
              HasSubstr("vmafx_controller_job_duration_seconds_sum{outcome=\"completed\"} 0.125"));
}

TEST_F(DispatcherTest, CountsWhatHappensInItsMetrics) {
  const Session worker = *dispatcher_->Register({.name = "pod-1"});
  const Job job = Pull(worker, Submit());
  Submit();
  ASSERT_TRUE(dispatcher_->Release(job.id, "pod-1", "gone", Soon()).ok());

  const std::string text = *dispatcher_->RenderMetrics(Soon());

  EXPECT_THAT(text, HasSubstr("vmafx_controller_jobs_submitted_total{tenant=\"default\"} 2"));
  EXPECT_THAT(text, HasSubstr("vmafx_controller_jobs_requeued_total{reason=\"node_lost\"} 1"));
  EXPECT_THAT(text, HasSubstr("vmafx_controller_jobs_pending 2"));
  EXPECT_THAT(text, HasSubstr("vmafx_controller_nodes_live 1"));
}

}  // namespace
}  // namespace vmafx::controller
