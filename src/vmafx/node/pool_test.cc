#include "vmafx/node/pool.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http.h"
#include "vmafx/controller/testing/local_controller.h"
#include "vmafx/node/probes.h"
#include "vmafx/node/testing/jobs.h"

namespace vmafx::node {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using testing::Fixtures;
using ::testing::HasSubstr;
using testing::HeldJob;
using testing::LongJob;
using ::testing::Not;
using testing::SmallJob;
using testing::Submitter;
namespace rpc = controller::v1;

// A job whose lease is lost waits for no time.
controller::Options AtOnceAgain() {
  controller::Options options;
  options.dispatcher.store.backoff_base = base::Duration(0);
  return options;
}

// A pool worker on threads of this process, and the log in which it says what it does.
class Worker {
 public:
  ~Worker() {
    if (!::testing::Test::HasFailure()) return;
    for (const std::string& line : lines())
      fmt::print("  {}: {}\n", options_.session.identity.name, line);
  }

  Worker(const api::ChannelOptions& controller, PoolOptions options, base::Clock& clock)
      : options_(std::move(options)),
        clock_(clock),
        client_(*ControllerClient::Make(controller)),
        metrics_(options_.session.identity, "test"),
        pool_(options_, *client_, feedback_, metrics_, clock, log_) {}

  void Start() {
    thread_.Start("pool", [this](std::stop_token) {
      auto run = pool_.Run(base::Until(clock_, base::Instant::max(), stop_.get_token()));
      ended_.With([&](auto& ended) { ended = run.ok() ? "stopped" : run.error().message(); });
    });
  }

  void RequestStop() { stop_.request_stop(); }
  // "stopped", or the error with which it ended.
  std::string AwaitEnd() {
    auto end = ended_.When(
        base::Until::After(clock_, seconds(120)), [](const auto& ended) { return !ended.empty(); },
        [](const auto& ended) { return ended; });
    return end.ok() ? *end : "it does not end";
  }

  // Called with each line of its log, on the thread that writes it. Before Start.
  void OnLine(std::function<void(std::string_view)> hook) { sink_->on_line = std::move(hook); }
  std::vector<std::string> lines() const { return sink_->lines(); }
  net::HttpServer::Handlers probes() {
    return MakeProbes(options_.session.identity, pool_, feedback_, metrics_);
  }
  const Pool& pool() const { return pool_; }

 private:
  PoolOptions options_;
  base::Clock& clock_;
  std::shared_ptr<testing::HookSink> sink_ = std::make_shared<testing::HookSink>();
  base::Log log_{sink_, base::Level::kDebug};
  std::unique_ptr<ControllerClient> client_;
  Feedback feedback_{{}, clock_, log_};
  Metrics metrics_;
  Pool pool_;
  std::stop_source stop_;
  base::Guarded<std::string> ended_;
  base::Crew thread_;
  // Destruction asks it to stop before the thread is joined.
  struct Stopper {
    std::stop_source& stop;
    ~Stopper() { stop.request_stop(); }
  } stopper_{stop_};
};

class PoolTest : public ::testing::Test {
 protected:
  PoolOptions OptionsFor(const std::string& name, int slots) {
    PoolOptions options;
    options.session.identity = {
        .name = name, .device = "cpu: 1 thread", .slots = slots, .pool = true};
    options.session.heartbeat_interval = milliseconds(50);
    options.session.first_backoff = milliseconds(50);
    options.work.capacity.roots = {Fixtures(), folder_.path()};
    options.work.capacity.sources.http_ca_pem = server_.ca_pem();
    options.work.progress_interval = milliseconds(20);
    options.poll_interval = milliseconds(50);
    options.stop_deadline = std::chrono::minutes(2);
    return options;
  }

  std::unique_ptr<Worker> Make(const std::string& name, int slots) {
    return std::make_unique<Worker>(api::ChannelOptions{.address = controller_->address()},
                                    OptionsFor(name, slots), clock_);
  }

  std::string WriteFile(const std::string& name, const std::string& content) {
    const std::string path = folder_.path() / name;
    CHECK(sys::WriteFileAtomically(path, content, 0600).ok());
    return path;
  }

  std::string SubmitSmall() {
    return client_.Submit(SmallJob(Fixtures() / "ref.yuv", Fixtures() / "dist.yuv"));
  }

  // The job once it has ended.
  rpc::Job AwaitJob(const std::string& id) {
    const auto until = base::Until::After(clock_, seconds(120));
    for (;;) {
      const rpc::Job job = client_.Get(id);
      if (job.status() != rpc::PENDING && job.status() != rpc::RUNNING) return job;
      if (!until.Pause(milliseconds(20))) return job;
    }
  }

  base::SystemClock clock_;
  sys::TempDir folder_ = *sys::TempDir::Make("pool");
  std::unique_ptr<controller::testing::LocalController> controller_ =
      std::make_unique<controller::testing::LocalController>(clock_, AtOnceAgain());
  Submitter client_{controller_->address()};
  testing::FileServer server_;
};

TEST_F(PoolTest, TwoWorkersShareFiftyJobsAndDoEachOnce) {
  std::vector<std::string> ids;
  for (int i = 0; i < 50; ++i) ids.push_back(SubmitSmall());
  // Whoever has its first job waits until the other has one: else one might do them all.
  base::Guarded<std::set<std::string>> at_work;
  const auto meet = [&](const std::string& name) {
    return [&, name](std::string_view line) {
      if (!line.starts_with("job pulled")) return;
      at_work.With([&](auto& names) { names.insert(name); });
      const auto both = [](const auto& names) { return names.size() == 2; };
      EXPECT_TRUE(at_work.Await(base::Until::After(clock_, seconds(60)), both).ok());
    };
  };
  auto one = Make("pool-1", 3);
  auto two = Make("pool-2", 2);
  one->OnLine(meet("pool-1"));
  two->OnLine(meet("pool-2"));
  one->Start();
  two->Start();

  std::set<std::string> workers;
  for (const std::string& id : ids) {
    const rpc::Job job = AwaitJob(id);
    EXPECT_EQ(job.status(), rpc::COMPLETED) << job.error();
    EXPECT_EQ(job.attempt(), 1);
    EXPECT_EQ(job.partial_results_size(), 8);
    workers.insert(job.assigned_node());
  }

  EXPECT_EQ(workers, (std::set<std::string>{"pool-1", "pool-2"}));
  size_t pulled = 0;
  for (const Worker* worker : {one.get(), two.get()}) {
    for (const std::string& line : worker->lines()) pulled += line.starts_with("info job pulled");
  }
  EXPECT_EQ(pulled, 50U);
}

TEST_F(PoolTest, StopsOneOfItsJobsWhenThatIsCancelledAndDoesTheOthers) {
  const std::string victim = client_.Submit(HeldJob(folder_.path(), server_));
  auto worker = Make("pool-1", 2);
  worker->OnLine([&](std::string_view line) {
    if (line.starts_with("job pulled") && line.find(victim) != line.npos) client_.Cancel(victim);
  });
  worker->Start();
  const std::string other = SubmitSmall();

  EXPECT_EQ(AwaitJob(other).status(), rpc::COMPLETED);
  EXPECT_EQ(AwaitJob(victim).status(), rpc::CANCELLED);
  worker->RequestStop();
  EXPECT_EQ(worker->AwaitEnd(), "stopped");
  EXPECT_THAT(worker->lines(), Contains(HasSubstr("job stopped job=" + victim)));
}

TEST_F(PoolTest, LetsItsJobFinishWhenAskedToStopAndPullsNoMore) {
  auto worker = Make("pool-1", 1);
  const std::string running = client_.Submit(LongJob(folder_.path()));
  const std::string waiting = SubmitSmall();
  worker->OnLine([&](std::string_view line) {
    if (line.starts_with("job pulled")) worker->RequestStop();
  });
  worker->Start();

  EXPECT_EQ(worker->AwaitEnd(), "stopped");
  EXPECT_EQ(client_.Get(running).status(), rpc::COMPLETED);
  EXPECT_EQ(client_.Get(waiting).status(), rpc::PENDING);
  EXPECT_EQ(worker->pool().NotReady(), "shutting down");
}

TEST_F(PoolTest, GivesItsJobsBackAfterTheStopDeadlineAndAnotherWorkerDoesThem) {
  auto options = OptionsFor("pool-1", 1);
  options.stop_deadline = milliseconds(1);
  Worker worker({.address = controller_->address()}, options, clock_);
  const std::string id = client_.Submit(HeldJob(folder_.path(), server_));
  worker.OnLine([&](std::string_view line) {
    if (line.starts_with("job pulled")) worker.RequestStop();
  });
  worker.Start();

  EXPECT_EQ(worker.AwaitEnd(), "stopped");
  const rpc::Job back = client_.Get(id);
  EXPECT_EQ(back.status(), rpc::PENDING);
  EXPECT_EQ(back.error(), "node shutting down, job interrupted");
  EXPECT_EQ(back.lost_attempts(), 0);

  server_.Release();
  auto second = Make("pool-2", 1);
  second->Start();
  EXPECT_EQ(AwaitJob(id).status(), rpc::COMPLETED);
  EXPECT_EQ(client_.Get(id).assigned_node(), "pool-2");
}

TEST_F(PoolTest, GoesOnThroughARestartOfTheControllerAndKeepsItsLease) {
  auto worker = Make("pool-1", 1);
  const std::string id = client_.Submit(LongJob(folder_.path()));
  std::atomic<int> pulls{0};
  worker->OnLine([&](std::string_view line) {
    if (line.starts_with("job pulled") && ++pulls == 1) controller_->Restart();
  });
  worker->Start();

  EXPECT_EQ(AwaitJob(id).status(), rpc::COMPLETED);
  EXPECT_EQ(client_.Get(id).attempt(), 1);
  EXPECT_EQ(AwaitJob(SubmitSmall()).status(), rpc::COMPLETED);
}

TEST_F(PoolTest, WaitsForAControllerThatIsNotThereYetAndSaysSo) {
  controller_->Stop();
  auto worker = Make("pool-1", 1);
  std::atomic<int> refused{0};
  worker->OnLine([&](std::string_view line) {
    if (line.starts_with("not registered yet") && ++refused == 1) controller_->Restart();
  });

  EXPECT_EQ(worker->pool().NotReady(), "not registered with the controller yet");
  worker->Start();
  EXPECT_EQ(AwaitJob(SubmitSmall()).status(), rpc::COMPLETED);
  EXPECT_EQ(worker->pool().NotReady(), "");
  EXPECT_GE(refused, 1);
}

TEST_F(PoolTest, LosesOnlyTheJobWhoseLeaseIsTakenAway) {
  const std::string lost = client_.Submit(LongJob(folder_.path()));
  auto worker = Make("pool-1", 2);
  worker->OnLine([&](std::string_view line) {
    if (line.starts_with("job pulled") && line.find(lost) != line.npos &&
        line.find("attempt=1") != line.npos) {
      client_.Release(lost, "the test takes it away");
    }
  });
  worker->Start();
  const std::string other = SubmitSmall();

  EXPECT_EQ(AwaitJob(other).status(), rpc::COMPLETED);
  EXPECT_EQ(AwaitJob(lost).status(), rpc::COMPLETED);
  EXPECT_EQ(client_.Get(other).attempt(), 1);
  EXPECT_EQ(client_.Get(lost).attempt(), 2);
  EXPECT_THAT(worker->lines(),
              Contains(HasSubstr("error report not accepted job=" + lost + " attempt=1")));
}

TEST_F(PoolTest, ShowsItsTokenAndEndsByNameWhenThatMayNotDoWork) {
  const std::string good = "node-0123456789abcdef";
  const std::string bad = "reader-0123456789abcdef";
  controller::Options options;
  options.auth.mode = controller::AuthOptions::Mode::kTokens;
  options.auth.token_file = WriteFile("tokens", good + ",pool-1,node\n" + bad + ",me,reader\n");
  controller_ = std::make_unique<controller::testing::LocalController>(clock_, options);
  const auto channel = [&](const std::string& token_file) {
    return api::ChannelOptions{.address = controller_->address(), .token_file = token_file};
  };

  Worker allowed(channel(WriteFile("good", good)), OptionsFor("pool-1", 1), clock_);
  allowed.Start();
  const auto until = base::Until::After(clock_, seconds(60));
  while (!allowed.pool().NotReady().empty() && until.Pause(milliseconds(5))) continue;
  EXPECT_EQ(allowed.pool().NotReady(), "");

  Worker denied(channel(WriteFile("bad", bad)), OptionsFor("pool-2", 1), clock_);
  denied.Start();
  EXPECT_THAT(denied.AwaitEnd(), HasSubstr("me is reader, who may not call RegisterNode"));
  Worker unnamed(channel(""), OptionsFor("pool-3", 1), clock_);
  unnamed.Start();
  EXPECT_THAT(unnamed.AwaitEnd(), HasSubstr("no token"));
  Worker missing(channel("/nonexistent/token"), OptionsFor("pool-4", 1), clock_);
  missing.Start();
  EXPECT_THAT(missing.AwaitEnd(), HasSubstr("/nonexistent/token"));
}

TEST_F(PoolTest, AnswersProbesAndCountsJobs) {
  auto worker = Make("pool-1", 2);
  const auto probes = worker->probes();
  EXPECT_EQ(probes.at("/livez")().status, 200);
  EXPECT_EQ(probes.at("/startupz")().status, 200);
  EXPECT_EQ(probes.at("/readyz")().status, 503);
  worker->Start();
  AwaitJob(SubmitSmall());
  AwaitJob(client_.Submit(SmallJob(Fixtures() / "ref.yuv", "/nonexistent")));
  worker->RequestStop();
  ASSERT_EQ(worker->AwaitEnd(), "stopped");

  EXPECT_THAT(probes.at("/healthz")().body, HasSubstr("\"device\":\"cpu: 1 thread\""));
  EXPECT_EQ(probes.at("/readyz")().status, 503);
  const std::string metrics = probes.at("/metrics")().body;
  for (const char* line :
       {"vmafx_node_info{backend=\"cpu\",vendor=\"cpu\"} 1", "vmafx_node_slots 2",
        "vmafx_node_jobs_running 0", "vmafx_build_info{version=\"test\"} 1",
        "vmafx_node_jobs_total{backend=\"cpu\",outcome=\"completed\"} 1",
        "vmafx_node_jobs_total{backend=\"cpu\",outcome=\"failed\"} 1",
        "vmafx_node_jobs_total{backend=\"cpu\",outcome=\"lost\"} 0",
        "vmafx_node_job_duration_seconds_count{backend=\"cpu\"} 2",
        "vmafx_node_feedback_samples_total{outcome=\"dropped\"} 0"}) {
    EXPECT_THAT(metrics, HasSubstr(line));
  }
}

}  // namespace
}  // namespace vmafx::node
