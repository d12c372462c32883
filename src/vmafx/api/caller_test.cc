#include "vmafx/api/caller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/files.h"

namespace vmafx::api {
namespace {

using base::Code;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

namespace rpc = vmafx::controller::v1;

// Answers CancelJob with the token that came; of the job "ended" as a controller that shuts down
// does, of the job "slow" not before the caller has given up.
class Server final : public rpc::VmafxController::Service {
 public:
  Server() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~Server() override { server_->Shutdown(); }

  std::string address() const { return fmt::format("127.0.0.1:{}", port_); }
  std::stop_token asked() const { return asked_.get_token(); }

  grpc::Status CancelJob(grpc::ServerContext* context, const rpc::CancelJobRequest* request,
                         rpc::CancelJobResponse* response) override {
    asked_.request_stop();
    if (request->job_id() == "ended") return {grpc::StatusCode::CANCELLED, ""};
    const auto until = base::Until::After(clock_, seconds(20));
    while (request->job_id() == "slow" && !context->IsCancelled() && until.Pause(milliseconds(1))) {
    }
    const auto token = context->client_metadata().find("authorization");
    if (token != context->client_metadata().end())
      response->set_message({token->second.data(), token->second.size()});
    return grpc::Status::OK;
  }

 private:
  base::SystemClock clock_;
  std::stop_source asked_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

class CallerTest : public ::testing::Test {
 protected:
  base::Result<std::string> Cancel(const std::string& job, base::Duration limit,
                                   const base::Until& until) {
    ChannelOptions options{.address = server_.address(), .token_file = token_};
    auto caller = TRY(Caller::Make(options, limit));
    rpc::CancelJobRequest request;
    request.set_job_id(job);
    auto response = TRY(caller->Call<rpc::CancelJobResponse>("CancelJob", &Caller::Stub::CancelJob,
                                                             request, until));
    return response.message();
  }
  base::Until Long() { return base::Until::After(clock_, seconds(20)); }

  base::SystemClock clock_;
  Server server_;
  std::string token_;
};

TEST_F(CallerTest, GivesTheAnswerToACallWithTheToken) {
  const auto folder = *sys::TempDir::Make("caller");
  token_ = folder.path() / "token";
  ASSERT_TRUE(sys::WriteFileAtomically(token_, "secret\n").ok());

  EXPECT_EQ(*Cancel("any", seconds(20), Long()), "Bearer secret");
}

TEST_F(CallerTest, ATokenThatIsMissingIsToldWithTheCall) {
  token_ = "/no/token";

  const auto answer = Cancel("any", seconds(20), Long());

  ASSERT_TRUE(answer.Is(Code::kNotFound));
  EXPECT_THAT(answer.error().message(), HasSubstr("CancelJob at controller " + server_.address()));
  EXPECT_THAT(answer.error().message(), HasSubstr("/no/token"));
}

TEST_F(CallerTest, AControllerThatEndsTheCallIsUnavailable) {
  const auto answer = Cancel("ended", seconds(20), Long());

  ASSERT_TRUE(answer.Is(Code::kUnavailable));
  EXPECT_EQ(answer.error().message(),
            "CancelJob at controller " + server_.address() + ": the controller ended the call");
}

TEST_F(CallerTest, ACallEndsAtItsLimitAndAtTheCallersDeadline) {
  EXPECT_TRUE(Cancel("slow", milliseconds(100), Long()).Is(Code::kTimeout));
  EXPECT_TRUE(Cancel("slow", seconds(20), Long().Within(milliseconds(100))).Is(Code::kTimeout));
}

TEST_F(CallerTest, AStopEndsACallThatIsUnderWay) {
  std::stop_source stop;
  std::stop_callback on_asked(server_.asked(), [&stop] { stop.request_stop(); });

  EXPECT_TRUE(Cancel("slow", seconds(20), Long().Stopping(stop.get_token())).Is(Code::kCancelled));
}

}  // namespace
}  // namespace vmafx::api
