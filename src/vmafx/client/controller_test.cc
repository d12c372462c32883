#include "vmafx/client/controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vmafx/controller/testing/local_controller.h"

namespace vmafx::client {
namespace {

using base::Code;
using ::testing::HasSubstr;

class ControllerTest : public ::testing::Test {
 protected:
  base::Until until() { return base::Until::After(clock_, std::chrono::seconds(60)); }
  std::string Submit() {
    rpc::SubmitJobRequest request;
    request.mutable_scoring()->set_reference("file:///ref.y4m");
    request.mutable_scoring()->set_distorted("file:///dist.y4m");
    return *client_->Submit(request, until());
  }

  base::SystemClock clock_;
  controller::testing::LocalController server_{clock_};
  std::unique_ptr<Controller> client_ = *Controller::Make({.address = server_.address()});
};

TEST_F(ControllerTest, SubmitsFindsListsAndCancels) {
  const std::string id = Submit();

  EXPECT_EQ(client_->Get(id, until())->status(), rpc::PENDING);
  EXPECT_EQ(client_->Jobs(until())->size(), 1U);
  EXPECT_EQ(*client_->Cancel(id, until()), "cancellation requested");
  EXPECT_EQ(client_->Get(id, until())->status(), rpc::CANCELLED);
  EXPECT_TRUE(client_->Nodes("", until())->empty());
}

TEST_F(ControllerTest, SaysWhichCallAtWhichAddressFailedAndWhatToDo) {
  const auto unknown = client_->Get("nope", until());
  ASSERT_TRUE(unknown.Is(Code::kNotFound));
  EXPECT_THAT(unknown.error().message(),
              HasSubstr("GetJob at controller " + server_.address() + ": job nope"));

  const std::string address = server_.address();
  server_.Stop();
  const auto gone = client_->Get("nope", until());
  ASSERT_TRUE(gone.Is(Code::kUnavailable)) << gone.error().message();
  EXPECT_THAT(gone.error().message(), HasSubstr("VMAFX_CONTROLLER_ADDR"));
  EXPECT_TRUE(client_->AwaitJob("nope", {}, {}, until()).Is(Code::kUnavailable));
}

TEST_F(ControllerTest, AwaitsTheEndOfOneJobAndSeesEachStateOnce) {
  Submit();
  const std::string id = Submit();
  std::vector<rpc::JobStatus> seen;

  const auto job = client_->AwaitJob(
      id, {},
      [&](const rpc::Job& state) {
        EXPECT_EQ(state.id(), id);
        seen.push_back(state.status());
        if (seen.size() == 1) {
          EXPECT_TRUE(client_->Cancel(id, until()).ok());
        }
      },
      until());

  ASSERT_TRUE(job.ok()) << job.error().message();
  EXPECT_EQ(job->status(), rpc::CANCELLED);
  EXPECT_EQ(seen, (std::vector{rpc::PENDING, rpc::CANCELLED}));
}

TEST_F(ControllerTest, FollowsThroughARestartOfTheController) {
  const std::string id = Submit();
  std::atomic<int> troubles{0};
  std::vector<rpc::JobStatus> seen;

  const auto job = client_->AwaitJob(
      id, {.on_trouble = [&](const base::Error&) { ++troubles; }},
      [&](const rpc::Job& state) {
        seen.push_back(state.status());
        if (seen.size() > 1) return;
        server_.Restart();
        base::Until limit = until();
        while (!client_->Cancel(id, limit).ok() && limit.Pause(std::chrono::milliseconds(20)))
          continue;
      },
      until());

  ASSERT_TRUE(job.ok()) << job.error().message();
  EXPECT_EQ(job->status(), rpc::CANCELLED);
  EXPECT_GE(troubles, 1);
  EXPECT_EQ(seen, (std::vector{rpc::PENDING, rpc::CANCELLED}));
}

TEST_F(ControllerTest, GivesUpOnAControllerThatStaysAway) {
  const std::string id = Submit();

  const auto job = client_->AwaitJob(
      id, {.patience = std::chrono::milliseconds(100)}, [&](const rpc::Job&) { server_.Stop(); },
      until());

  EXPECT_TRUE(job.Is(Code::kUnavailable));
}

TEST_F(ControllerTest, EndsAtOnceWhenStopped) {
  const std::string id = Submit();
  std::stop_source stop;

  const auto job = client_->AwaitJob(
      id, {}, [&](const rpc::Job&) { stop.request_stop(); }, until().Stopping(stop.get_token()));

  EXPECT_TRUE(job.Is(Code::kCancelled));
}

TEST_F(ControllerTest, NamesATokenFileThatIsNotThere) {
  const auto client =
      *Controller::Make({.address = server_.address(), .token_file = "/nonexistent/token"});

  const auto job = client->Get("nope", until());

  ASSERT_FALSE(job.ok());
  EXPECT_THAT(job.error().message(), HasSubstr("/nonexistent/token"));
}

}  // namespace
}  // namespace vmafx::client
