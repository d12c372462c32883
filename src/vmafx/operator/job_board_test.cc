#include "vmafx/operator/job_board.h"

#include <set>

#include <gtest/gtest.h>

#include "base/queue.h"

namespace vmafx::operators {
namespace {

rpc::Job Job(const std::string& name, int64_t revision, rpc::JobStatus status = rpc::PENDING) {
  rpc::Job job;
  job.set_id("id-" + name);
  job.set_idempotency_key("uid-" + name);
  job.set_namespace_("video");
  job.set_name(name);
  job.set_pinned(true);
  job.set_revision(revision);
  job.set_status(status);
  return job;
}

// A controller whose stream is what the test says. Nothing else of it is used.
class FakeController final : public ControllerClient {
 public:
  base::Result<std::string> Submit(const rpc::SubmitJobRequest&, const base::Until&) override {
    return Unused();
  }
  base::Result<rpc::Job> Get(const std::string&, const base::Until&) override { return Unused(); }
  base::Result<> Cancel(const std::string&, const base::Until&) override { return Unused(); }
  base::Result<rpc::Job> Release(const rpc::ReleaseJobRequest&, const base::Until&) override {
    return Unused();
  }
  base::Result<rpc::ListNodesResponse> ListNodes(const std::string&, const base::Until&) override {
    return Unused();
  }
  base::Error Follow(const std::function<void(const rpc::Job&)>& on_job,
                     const base::Until& until) override {
    while (true) {
      auto job = stream_.Pop(until);
      if (!job.ok()) return std::move(job).error();
      if (!**job) return {base::Code::kUnavailable, "the stream broke"};
      on_job(***job);
    }
  }

  void Send(const rpc::Job& job, const base::Until& until) {
    EXPECT_TRUE(stream_.Push(job, until).ok());
  }
  void Break(const base::Until& until) { EXPECT_TRUE(stream_.Push(std::nullopt, until).ok()); }

 private:
  static base::Error Unused() { return {base::Code::kInternal, "not used here"}; }

  base::Queue<std::optional<rpc::Job>> stream_{1000};  // nullopt: it breaks
};

class JobBoardTest : public ::testing::Test {
 protected:
  JobBoardTest() { EXPECT_TRUE(board_.Start(Long()).ok()); }
  ~JobBoardTest() override { board_.Stop(); }

  base::Until Long() { return base::Until::After(clock_, std::chrono::seconds(60)); }

  void AwaitTold(size_t count) {
    auto waited = told_.Await(Long(), [&](const auto& told) { return told.size() >= count; });
    EXPECT_TRUE(waited.ok());
  }

  base::SystemClock clock_;
  FakeController controller_;
  base::Guarded<std::vector<std::string>> told_;
  JobBoard board_{controller_, clock_, base::Log::Nowhere(), [this](const kube::Key& key) {
                    told_.With([&](auto& told) { told.push_back(key.Text()); });
                  }};
};

TEST_F(JobBoardTest, KeepsTheNewestOfEachJobAndTellsOfChangesOnly) {
  controller_.Send(Job("a", 5, rpc::RUNNING), Long());
  controller_.Send(Job("a", 4, rpc::PENDING), Long());
  controller_.Send(Job("b", 6), Long());
  AwaitTold(2);

  EXPECT_EQ(board_.Find("uid-a")->status(), rpc::RUNNING);
  EXPECT_EQ(board_.Find("uid-b")->revision(), 6);
  EXPECT_FALSE(board_.Find("uid-c").has_value());
  EXPECT_EQ(told_.Read([](const auto& told) { return told.size(); }), 2u);
}

TEST_F(JobBoardTest, LeavesJobsOfOtherClientsAside) {
  rpc::Job direct = Job("direct", 1);
  direct.set_pinned(false);
  controller_.Send(direct, Long());
  controller_.Send(Job("ours", 2), Long());
  AwaitTold(1);

  EXPECT_FALSE(board_.Find("uid-direct").has_value());
  EXPECT_EQ(board_.size(), 1u);
}

TEST_F(JobBoardTest, ForgetsWhatItsVmafxJobNeedsNoMore) {
  for (int i = 0; i < 200; ++i) controller_.Send(Job(std::to_string(i), i + 1), Long());
  AwaitTold(200);
  EXPECT_EQ(board_.size(), 200u);

  for (int i = 0; i < 200; ++i) board_.Forget({"video", std::to_string(i)});

  EXPECT_EQ(board_.size(), 0u);
  controller_.Send(Job("7", 900, rpc::COMPLETED), Long());
  AwaitTold(201);
  EXPECT_EQ(board_.size(), 1u);
}

TEST_F(JobBoardTest, IsEmptyWhileTheStreamIsDownAndToldAllAgainAfterwards) {
  controller_.Send(Job("a", 5), Long());
  AwaitTold(1);

  controller_.Break(Long());
  controller_.Send(Job("b", 6), Long());
  AwaitTold(2);

  EXPECT_FALSE(board_.Find("uid-a").has_value()) << "rather none than an old one";
  controller_.Send(Job("a", 5), Long());
  AwaitTold(3);
  EXPECT_TRUE(board_.Find("uid-a").has_value());
}

}  // namespace
}  // namespace vmafx::operators
