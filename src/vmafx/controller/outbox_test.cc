#include "vmafx/controller/outbox.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/files.h"
#include "vmafx/api/feedback.h"
#include "vmafx/controller/dispatcher.h"

namespace vmafx::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr char kTrainer[] = "vmafx-trainer-one.team-a.svc:9092";
constexpr char kOther[] = "vmafx-trainer-two.team-a.svc:9092";

// A trainer's side of the format on a free loopback port: keeps the ids it is told and answers as
// it is told to.
class LocalTrainer {
 public:
  enum class Answer { kAcknowledge, kRefuse, kHangUp };

  LocalTrainer() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    crew_.Start("trainer", [this](std::stop_token) { Serve(); });
  }
  ~LocalTrainer() {
    shutdown(listener_, SHUT_RDWR);
    crew_.StopAndJoin();
    close(listener_);
  }

  std::string address() const { return fmt::format("127.0.0.1:{}", port_); }
  void Set(Answer answer) {
    state_.With([&](State& state) { state.answer = answer; });
  }
  std::vector<std::string> AwaitTold(size_t count, const base::Until& until) {
    auto told = state_.When(
        until, [&](const State& state) { return state.told.size() >= count; },
        [](State& state) { return state.told; });
    EXPECT_TRUE(told.ok()) << "it was not told " << count << " samples";
    return std::move(told).ValueOr({});
  }

 private:
  struct State {
    Answer answer = Answer::kAcknowledge;
    std::vector<std::string> told;
  };

  void Serve() {
    for (int peer; (peer = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; close(peer)) {
      FILE* stream = fdopen(dup(peer), "r");
      char* line = nullptr;
      size_t room = 0;
      while (getline(&line, &room, stream) > 0 && Reply(peer, line)) {
      }
      free(line);
      fclose(stream);
    }
  }
  bool Reply(int peer, std::string_view line) {
    line.remove_suffix(1);
    const auto sample = *api::ReadSample(line);
    const Answer answer = state_.With([&](State& state) {
      state.told.push_back(sample.job_id);
      return state.answer;
    });
    if (answer == Answer::kHangUp) return false;
    const bool ok = answer == Answer::kAcknowledge;
    const std::string reply =
        api::WriteReply({.ok = ok, .job_id = sample.job_id, .error = ok ? "" : "not finite"}) +
        "\n";
    return send(peer, reply.data(), reply.size(), MSG_NOSIGNAL) > 0;
  }

  int listener_ = -1;
  int port_ = 0;
  base::Guarded<State> state_;
  base::Crew crew_;
};

class OutboxTest : public ::testing::Test {
 protected:
  void Start() {
    dispatcher_.reset();
    DispatcherOptions options{.database = folder_.path() / "jobs.db"};
    options.outbox.backoff_base = std::chrono::milliseconds(20);
    options.outbox.backoff_max = std::chrono::milliseconds(50);
    options.outbox.answer_time = std::chrono::seconds(60);  // busy cores are no silent trainer
    options.outbox.connect = [this](const std::string& address, const base::Until& until) {
      return Connect(address, until);
    };
    dispatcher_ = *Dispatcher::Start(options, clock_, base::Log(sink_, base::Level::kDebug));
    worker_ = *dispatcher_->Register({.name = "pod-1"});
  }
  base::Result<net::LineStream> Connect(const std::string& address, const base::Until& until) {
    const bool up = asked_.With([&](auto& asked) {
      asked.push_back(address);
      return up_;
    });
    if (!up) return base::Error(base::Code::kUnavailable, "nobody is there");
    return net::LineStream::Connect(trainer_.address(), until);
  }
  void SetUpTrainer(bool up) {
    asked_.With([&](auto&) { up_ = up; });
  }
  void AwaitAsked(size_t count) {
    ASSERT_TRUE(
        asked_.Await(Soon(), [&](const auto& asked) { return asked.size() >= count; }).ok());
  }
  base::Until Soon() { return base::Until::After(clock_, std::chrono::seconds(60)); }
  SessionKey Key() const { return {worker_.id, worker_.token}; }

  std::string Lease() {
    const auto id = *dispatcher_->Submit(
        {.scoring = {.reference = "/r", .distorted = "/d"}, .pinned = true, .name_space = "team-a"},
        Soon());
    EXPECT_TRUE(dispatcher_->Pull(Key(), {}, id, Soon()).ok());
    return id;
  }
  static std::string Sample(const std::string& job) {
    return api::WriteSample({.job_id = job, .features = {0.5}, .true_score = 50, .ns = "team-a"});
  }
  base::Result<> Report(const std::string& job, std::vector<Feedback> feedback) {
    Outcome outcome{.score = 50};
    outcome.feedback = std::move(feedback);
    return dispatcher_->ReportFinal(Key(), {job, 1}, outcome, Soon());
  }
  // Waits until no sample waits any more.
  void AwaitEmpty() {
    for (const base::Until until = Soon();;) {
      const std::string metrics = *dispatcher_->RenderMetrics(until);
      if (metrics.find("vmafx_controller_feedback_pending 0") != std::string::npos) return;
      ASSERT_TRUE(until.Pause(std::chrono::milliseconds(5)));
    }
  }

  base::SystemClock clock_;
  sys::TempDir folder_ = *sys::TempDir::Make("outbox");
  std::shared_ptr<base::MemorySink> sink_ = std::make_shared<base::MemorySink>();
  LocalTrainer trainer_;
  base::Guarded<std::vector<std::string>> asked_;
  bool up_ = true;  // within asked_'s lock
  std::unique_ptr<Dispatcher> dispatcher_;
  Session worker_;
};

TEST_F(OutboxTest, BringsASampleToItsTrainer) {
  Start();
  const std::string job = Lease();

  ASSERT_TRUE(Report(job, {{kTrainer, Sample(job)}}).ok());

  EXPECT_THAT(trainer_.AwaitTold(1, Soon()), ElementsAre(job));
  AwaitEmpty();
  EXPECT_THAT(*dispatcher_->RenderMetrics(Soon()),
              HasSubstr("vmafx_controller_feedback_total{outcome=\"acknowledged\"} 1"));
  EXPECT_THAT(asked_.Read([](const auto& asked) { return asked; }), ElementsAre(kTrainer));
}

TEST_F(OutboxTest, GoesOnAskingUntilTheTrainerIsBack) {
  SetUpTrainer(false);
  Start();
  const std::string job = Lease();
  ASSERT_TRUE(Report(job, {{kTrainer, Sample(job)}}).ok());
  AwaitAsked(4);

  SetUpTrainer(true);

  EXPECT_THAT(trainer_.AwaitTold(1, Soon()), ElementsAre(job));
  AwaitEmpty();
}

TEST_F(OutboxTest, GoesOnAfterARestart) {
  SetUpTrainer(false);
  Start();
  const std::string job = Lease();
  ASSERT_TRUE(Report(job, {{kTrainer, Sample(job)}}).ok());
  AwaitAsked(1);

  SetUpTrainer(true);
  Start();

  EXPECT_THAT(trainer_.AwaitTold(1, Soon()), ElementsAre(job));
  AwaitEmpty();
}

TEST_F(OutboxTest, TellsAgainWhatWasNotAnswered) {
  trainer_.Set(LocalTrainer::Answer::kHangUp);
  Start();
  const std::string job = Lease();
  ASSERT_TRUE(Report(job, {{kTrainer, Sample(job)}}).ok());
  trainer_.AwaitTold(2, Soon());

  trainer_.Set(LocalTrainer::Answer::kAcknowledge);

  AwaitEmpty();
}

TEST_F(OutboxTest, DropsWhatATrainerRefusesAndSaysSo) {
  trainer_.Set(LocalTrainer::Answer::kRefuse);
  Start();
  const std::string job = Lease();

  ASSERT_TRUE(Report(job, {{kTrainer, Sample(job)}}).ok());

  AwaitEmpty();
  EXPECT_THAT(*dispatcher_->RenderMetrics(Soon()),
              HasSubstr("vmafx_controller_feedback_total{outcome=\"refused\"} 1"));
  EXPECT_THAT(sink_->lines(), ::testing::Contains(HasSubstr("its trainer refuses it")));
}

TEST_F(OutboxTest, KeepsOneSampleOfAJobForEachTrainerHoweverOftenItIsReported) {
  SetUpTrainer(false);
  Start();
  const std::string job = Lease();
  const std::vector<Feedback> both = {{kTrainer, Sample(job)}, {kOther, Sample(job)}};

  ASSERT_TRUE(Report(job, both).ok());
  ASSERT_TRUE(Report(job, both).ok());

  EXPECT_THAT(*dispatcher_->RenderMetrics(Soon()),
              HasSubstr("vmafx_controller_feedback_pending 2"));
  SetUpTrainer(true);
  EXPECT_THAT(trainer_.AwaitTold(2, Soon()), UnorderedElementsAre(job, job));
  AwaitEmpty();
}

TEST_F(OutboxTest, RefusesFeedbackForAnybodyElse) {
  Start();
  const std::string job = Lease();
  const std::string sample = Sample(job);

  for (const Feedback& bad :
       {Feedback{"vmafx-trainer-one.team-b.svc:9092", sample}, Feedback{"10.0.0.1:9092", sample},
        Feedback{"vmafx-trainer-one.team-a.svc:80", sample}, Feedback{"", sample},
        Feedback{kTrainer, Sample("another")}, Feedback{kTrainer, "{}"},
        Feedback{kTrainer, sample + "\n" + sample}, Feedback{kTrainer, ""},
        Feedback{kTrainer, std::string(70'000, ' ')}}) {
    EXPECT_TRUE(Report(job, {bad}).Is(base::Code::kInvalid)) << bad.trainer << " " << bad.sample;
  }

  EXPECT_EQ(dispatcher_->Get(job, Soon())->job.status, Status::kRunning);
  EXPECT_TRUE(Report(job, {}).ok());
}

// With a clock that is told: a day passes while the trainer is away.
TEST(OutboxExpiryTest, DropsASampleAfterADay) {
  base::FakeClock clock;
  const sys::TempDir folder = *sys::TempDir::Make("outbox");
  auto store = *JobStore::Open(
      folder.path() / "jobs.db", {}, [](const auto&) {}, clock, base::Log::Nowhere());
  const auto soon = [&] { return base::Until::After(clock, std::chrono::hours(1000)); };
  const Holder holder{.node = "pod-1", .session = "s"};
  const auto id = *store->Submit({.pinned = true, .name_space = "team-a"}, soon());
  ASSERT_TRUE(store->ClaimJob(id, holder, soon()).ok());
  Outcome outcome;
  outcome.feedback = {{kTrainer, "sample"}};
  ASSERT_TRUE(store->Finish(id, holder, outcome, soon()).ok());
  base::Guarded<int64_t> dropped;
  base::Guarded<int> asked;
  OutboxOptions options;
  options.connect = [&](const std::string&, const base::Until&) -> base::Result<net::LineStream> {
    asked.With([](int& count) { ++count; });
    return base::Error(base::Code::kUnavailable, "away");
  };

  Outbox outbox(
      *store, options,
      [&](Delivered what, int64_t count) {
        if (what == Delivered::kExpired) dropped.With([&](auto& all) { all += count; });
      },
      clock, base::Log::Nowhere());
  ASSERT_TRUE(asked.Await(soon(), [](int count) { return count == 1; }).ok());
  clock.Advance(std::chrono::hours(25));
  outbox.Wake();  // it may have looked at the clock before or after

  ASSERT_TRUE(dropped.Await(soon(), [](int64_t count) { return count == 1; }).ok());
  EXPECT_TRUE(store->FeedbackTrainers(soon())->empty());
}

}  // namespace
}  // namespace vmafx::controller
