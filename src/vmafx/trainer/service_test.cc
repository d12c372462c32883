#include "vmafx/trainer/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "net/line_stream.h"
#include "net/testing/reserved_port.h"
#include "sys/files.h"
#include "value/json.h"
#include "vmafx/features/features.h"
#include "vmafx/trainer/onnx_model.h"
#include "vmafx/trainer/testing/samples.h"
#include "vmafx/trainer/testing/test_registry.h"

namespace vmafx::trainer {
namespace {

using testing::HasSubstr;
using value::Json;

constexpr char kRepository[] = "models/vmafx";

// The whole trainer in this process, with real sockets.
class ServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    auto folder = sys::TempDir::Make("service-test");
    ASSERT_TRUE(folder.ok());
    folder_ = *std::move(folder);
    options_.feedback_listen = "127.0.0.1:0";
    options_.http_listen = "127.0.0.1:0";
    options_.state_directory = folder_->path() / "state";
    options_.checkpoint.output_registry = registry_.host() + "/" + kRepository;
    options_.checkpoint.registry.plain_http_hosts = {"127.0.0.1"};
    options_.checkpoint.interval = std::chrono::milliseconds(20);
    options_.checkpoint.least_samples = 1;
    options_.version = "test";
  }

  base::Until Soon() { return base::Until::After(clock_, std::chrono::seconds(60)); }

  void Start() { Start(clock_); }
  void Start(base::Clock& clock) {
    auto service = Service::Start(options_, *http_, clock, base::Log::Nowhere());
    ASSERT_TRUE(service.ok()) << service.error().message();
    service_ = *std::move(service);
  }

  base::Result<net::LineStream> Connect() {
    const int port = TRY(service_->AwaitFeedbackPort(Soon()));
    return net::LineStream::Connect(fmt::format("127.0.0.1:{}", port), Soon());
  }

  base::Result<api::FeedbackReply> Exchange(net::LineStream& stream, const std::string& line) {
    TRY(stream.Write(line, Soon()));
    return api::ReadReply(TRY(stream.Read(api::kMostFeedbackLine, Soon())));
  }

  // Its answer; where there is none the test fails, and it is one that says no.
  api::FeedbackReply Tell(net::LineStream& stream, const std::string& line) {
    auto reply = Exchange(stream, line);
    EXPECT_TRUE(reply.ok()) << reply.error().message();
    return reply.ok() ? *std::move(reply) : api::FeedbackReply{};
  }

  api::FeedbackReply Tell(net::LineStream& stream, const Sample& sample, const std::string& job) {
    return Tell(stream, api::WriteSample({job, sample.features, sample.score, "films"}));
  }

  net::Response Ask(const std::string& path, const std::string& body = "") {
    net::Request request;
    request.method = body.empty() ? "GET" : "POST";
    request.url = fmt::format("http://127.0.0.1:{}{}", service_->http_port(), path);
    request.body = body;
    auto response = http_->Send(request, Soon());
    EXPECT_TRUE(response.ok()) << response.error().message();
    return response.ok() ? *std::move(response) : net::Response{};
  }

  Json Status(const std::string& query = "") { return Json::parse(Ask("/status" + query).body); }

  // Follows the status, as the operator does, until it is as wanted.
  Json AwaitStatus(const std::function<bool(const Json&)>& wanted) {
    Json status = Status();
    const base::Until until = Soon();
    while (!wanted(status) && !until.Over()) {
      status = Status(fmt::format("?revision={}&wait=5s", status["revision"].get<int64_t>()));
    }
    EXPECT_TRUE(wanted(status)) << status.dump();
    return status;
  }

  // The same with the clock that is told, which stands still before and after. In small steps: idle
  // connections must not grow old while a thread begins late.
  Json AdvanceUntil(const std::function<bool(const Json&)>& wanted) {
    const base::Until until = Soon();
    Json status = Status();
    while (!wanted(status) && until.Pause(std::chrono::milliseconds(2))) {
      fake_clock_.Advance(std::chrono::milliseconds(20));
      status = Status();
    }
    EXPECT_TRUE(wanted(status)) << status.dump();
    return status;
  }

  base::SystemClock clock_;
  base::FakeClock fake_clock_;
  TestRegistry registry_;
  std::unique_ptr<net::Http> http_ = net::MakeCurlHttp({});
  std::optional<sys::TempDir> folder_;
  ServiceOptions options_;
  std::unique_ptr<Service> service_;
};

TEST_F(ServiceTest, TurnsOneSampleIntoACheckpointInTheRegistry) {
  Start();
  auto stream = Connect();
  ASSERT_TRUE(stream.ok()) << stream.error().message();
  const Sample sample = MakeSamples(1, 1).front();
  EXPECT_TRUE(Tell(*stream, sample, "job-1").trained);

  const Json status =
      AwaitStatus([](const Json& seen) { return seen["model_version"] == "v000001"; });

  EXPECT_EQ(status["phase"], "running");
  EXPECT_EQ(status["current_samples"], 1);
  EXPECT_EQ(status["last_stability_gate_result"], "NotEnoughSamples");
  const std::string manifest = registry_.Manifest(kRepository, "v000001");
  EXPECT_EQ(status["model_digest"], Digest(manifest));
  EXPECT_EQ(registry_.Manifest(kRepository, "unstable"), manifest);
  EXPECT_EQ(registry_.Manifest(kRepository, "latest-stable"), "");
  const Json json = Json::parse(manifest);
  EXPECT_EQ(json["annotations"]["dev.vmafx.samples"], "1");
  EXPECT_EQ(json["annotations"]["dev.vmafx.base-model"], "vmaf_v0.6.1");
  const std::string onnx = registry_.content().blobs.at(json["layers"][0]["digest"]);
  const auto evaluator = Evaluator::Load(onnx);
  ASSERT_TRUE(evaluator.ok()) << evaluator.error().message();
  const std::vector<std::vector<double>> input = {sample.features};
  const double score = evaluator->Evaluate(input)->front();
  const double base = Student::Prior(1).Predict(sample.features);
  EXPECT_LT(std::abs(score - sample.score), std::abs(base - sample.score));
}

TEST_F(ServiceTest, CallsAModelStableOnceItCanTellAndTurnsPoisonAway) {
  options_.checkpoint.least_samples = 60;
  Start();
  auto stream = Connect();
  ASSERT_TRUE(stream.ok()) << stream.error().message();
  int number = 0;
  for (const Sample& sample : MakeSamples(60, 1)) {
    Tell(*stream, sample, "job-" + std::to_string(number++));
  }
  AwaitStatus([](const Json& seen) { return seen["last_stability_gate_result"] == "Passed"; });
  const std::string stable = registry_.Manifest(kRepository, "latest-stable");
  EXPECT_EQ(stable, registry_.Manifest(kRepository, "v000001"));

  for (Sample sample : MakeSamples(60, 2)) {
    sample.score = 100 - sample.score;
    Tell(*stream, sample, "job-" + std::to_string(number++));
  }

  const Json status = AwaitStatus(
      [](const Json& seen) { return seen["last_stability_gate_result"] == "Rejected"; });
  EXPECT_EQ(status["model_version"], "v000001");
  EXPECT_EQ(status["model_digest"], Digest(stable));
  EXPECT_EQ(registry_.Manifest(kRepository, "latest-stable"), stable);
  EXPECT_EQ(registry_.Manifest(kRepository, "unstable"),
            registry_.Manifest(kRepository, "v000002"));
  EXPECT_THAT(Ask("/metrics").body, HasSubstr("checkpoints_total{result=\"Rejected\"} 1"));
}

TEST_F(ServiceTest, WaitsForEnoughSamplesAlsoWhenTheIntervalIsLongOver) {
  options_.checkpoint.least_samples = 3;
  Start();
  auto stream = Connect();
  ASSERT_TRUE(stream.ok()) << stream.error().message();
  const auto samples = MakeSamples(3, 1);
  Tell(*stream, samples[0], "a");
  Tell(*stream, samples[1], "b");
  Tell(*stream, samples[1], "b");
  EXPECT_EQ(Status()["model_version"], "");

  Tell(*stream, samples[2], "c");

  AwaitStatus([](const Json& seen) { return seen["model_version"] == "v000001"; });
}

TEST_F(ServiceTest, WaitsForTheIntervalAlsoWhenTheSamplesCameBefore) {
  options_.checkpoint.interval = std::chrono::minutes(10);
  Start(fake_clock_);
  auto stream = Connect();
  ASSERT_TRUE(stream.ok()) << stream.error().message();
  Tell(*stream, MakeSamples(1, 1).front(), "a");
  fake_clock_.Advance(std::chrono::minutes(9));
  EXPECT_EQ(Status()["model_version"], "");

  fake_clock_.Advance(std::chrono::minutes(2));

  AwaitStatus([](const Json& seen) { return seen["model_version"] == "v000001"; });
}

// By a clock that is told, so that the checkpoint is not tried again before the second sample.
TEST_F(ServiceTest, SaysThatTheRegistryFailsAndLosesNothing) {
  registry_.Set({.fail_next = 1'000'000});
  Start(fake_clock_);
  auto stream = Connect();
  ASSERT_TRUE(stream.ok()) << stream.error().message();
  const auto samples = MakeSamples(2, 1);
  Tell(*stream, samples[0], "a");
  AdvanceUntil([](const Json& seen) {
    return seen["message"].get<std::string>().find("answers 503") != std::string::npos;
  });
  Tell(*stream, samples[1], "b");

  registry_.Set({});

  const Json status = AdvanceUntil([](const Json& seen) { return seen["model_version"] != ""; });
  EXPECT_EQ(status["model_version"], "v000001");
  const Json manifest = Json::parse(registry_.Manifest(kRepository, "v000001"));
  EXPECT_EQ(manifest["annotations"]["dev.vmafx.samples"], "2");
  EXPECT_EQ(status["current_samples"], 2);
}

TEST_F(ServiceTest, AnswersLinesThatAreNoSamplesAndGoesOn) {
  Start();
  auto stream = Connect();
  ASSERT_TRUE(stream.ok()) << stream.error().message();
  const Sample sample = MakeSamples(1, 1).front();

  EXPECT_FALSE(Tell(*stream, "{\"job_id\": 7}").ok);
  EXPECT_FALSE(Tell(*stream, std::string(200'000, '[')).ok);
  EXPECT_THAT(Tell(*stream, std::string(200'000, '[')).error, HasSubstr("longer than 65536"));
  api::FeedbackSample few{"job", {1, 2}, 50, ""};
  EXPECT_THAT(Tell(*stream, api::WriteSample(few)).error, HasSubstr("2 features"));
  few = {"job", sample.features, 400, ""};
  EXPECT_THAT(Tell(*stream, api::WriteSample(few)).error, HasSubstr("want 0 to 100"));

  EXPECT_TRUE(Tell(*stream, sample, "job").ok);
  EXPECT_EQ(Status()["current_samples"], 1);
  EXPECT_THAT(Ask("/metrics").body, HasSubstr("vmafx_training_triples_dropped_total 5"));
}

TEST_F(ServiceTest, CountsOnAfterARestart) {
  Start();
  {
    auto stream = Connect();
    ASSERT_TRUE(stream.ok()) << stream.error().message();
    Tell(*stream, MakeSamples(1, 1).front(), "a");
  }
  const Json before =
      AwaitStatus([](const Json& seen) { return seen["model_version"] == "v000001"; });
  service_.reset();
  Start();
  auto stream = Connect();
  ASSERT_TRUE(stream.ok()) << stream.error().message();

  EXPECT_FALSE(Tell(*stream, MakeSamples(1, 1).front(), "a").trained);
  const Json after = Status();
  EXPECT_EQ(after["current_samples"], 1);
  EXPECT_EQ(after["model_version"], "v000001");
  EXPECT_EQ(after["model_digest"], before["model_digest"]);
  EXPECT_EQ(after["last_checkpoint_time"], before["last_checkpoint_time"]);
  EXPECT_GT(after["revision"], before["revision"]);
}

TEST_F(ServiceTest, StartsFromACheckpointOfTheRegistry) {
  Student base = Student::Prior(1);
  base.offset += 0.5;
  const auto onnx =
      WriteModel({base,
                  {{std::string(kFeatureNamesKey),
                    base::Join({features::Names().begin(), features::Names().end()}, ",")}}});
  ASSERT_TRUE(onnx.ok());
  const ModelArtifact artifact{*onnx, "{}", {}};
  registry_.Put(kRepository, "v000009", MakeManifest(artifact), {*onnx, "{}"});
  options_.base_model = options_.checkpoint.output_registry + ":v000009";
  registry_.Set({.fail_next = 3});  // not there at once

  Start();

  AwaitStatus([](const Json& seen) { return seen["phase"] == "running"; });
  const Sample sample = MakeSamples(1, 1).front();
  const Json predicted =
      Json::parse(Ask("/predict", Json{{"features", {sample.features}}}.dump()).body);
  EXPECT_NEAR(predicted["base_scores"][0].get<double>(), base.Predict(sample.features), 1e-3);
}

TEST_F(ServiceTest, WaitsForABaseModelThatIsNotThereAndSaysSo) {
  options_.base_model = options_.checkpoint.output_registry + ":v000009";
  Start();

  const Json status = AwaitStatus([](const Json& seen) { return seen["message"] != ""; });

  EXPECT_EQ(status["phase"], "initializing");
  EXPECT_THAT(status["message"].get<std::string>(), HasSubstr("v000009"));
  EXPECT_EQ(Ask("/readyz").status, 503);
  EXPECT_EQ(Ask("/livez").status, 200);
  EXPECT_EQ(Ask("/predict", "{}").status, 503);
}

TEST_F(ServiceTest, PublishesTheOrderOfItsFeatures) {
  Start();

  const Json features = Json::parse(Ask("/features").body);

  EXPECT_EQ(features["n_features"], features::Names().size());
  EXPECT_EQ(features["features"][0], "vif_scale0");
}

TEST_F(ServiceTest, RefusesQuestionsThatAreNone) {
  Start();
  AwaitStatus([](const Json& seen) { return seen["phase"] == "running"; });

  EXPECT_EQ(Ask("/status?revision=x").status, 400);
  EXPECT_EQ(Ask("/status?revision=1&wait=forever").status, 400);
  for (const char* body : {"{", "{}", R"({"features":1})", R"({"features":[1]})",
                           R"({"features":[[1,2]]})", R"({"features":[[null]]})", "\"\xFF"}) {
    EXPECT_EQ(Ask("/predict", body).status, 400) << body;
  }
  const net::Response quoted = Ask("/status?revision=1&wait=%FF");
  EXPECT_EQ(quoted.status, 400);
  EXPECT_TRUE(value::ParseJson(quoted.body).ok()) << quoted.body;
}

TEST_F(ServiceTest, WritesCheckpointsAsFilesToo) {
  options_.checkpoint.directory = folder_->path();
  options_.checkpoint.output_registry.clear();
  Start();
  auto stream = Connect();
  ASSERT_TRUE(stream.ok()) << stream.error().message();
  Tell(*stream, MakeSamples(1, 1).front(), "a");
  AwaitStatus([](const Json& seen) { return seen["model_version"] == "v000001"; });

  const auto onnx = sys::ReadFile(folder_->path() / "model_v000001.onnx");

  ASSERT_TRUE(onnx.ok()) << onnx.error().message();
  EXPECT_EQ("sha256:" + *sys::ReadFile(folder_->path() / "model_v000001.onnx.sha256"),
            Digest(*onnx) + "\n");
}

TEST_F(ServiceTest, RefusesOptionsThatCannotWork) {
  const auto problem = [this] {
    auto service = Service::Start(options_, *http_, clock_, base::Log::Nowhere());
    return service.ok() ? "" : service.error().message();
  };
  options_.base_model = "no reference";
  EXPECT_THAT(problem(), HasSubstr("base model no reference"));
  options_.base_model = "vmaf_v0.6.1";
  options_.checkpoint.output_registry = "https://registry/x";
  EXPECT_THAT(problem(), HasSubstr("output registry"));
  options_.checkpoint.output_registry = "";
  EXPECT_THAT(problem(), HasSubstr("neither an output registry"));
}

TEST_F(ServiceTest, ForwardsLinesAndReplies) {
  Start();
  const auto port = service_->AwaitFeedbackPort(Soon());
  ASSERT_TRUE(port.ok());
  ForwardOptions forward{folder_->path() / "sidecar.sock", fmt::format("127.0.0.1:{}", *port)};
  const auto server = StartForward(forward, clock_, base::Log::Nowhere());
  ASSERT_TRUE(server.ok()) << server.error().message();
  auto stream = net::LineStream::Connect("unix:" + forward.socket.string(), Soon());
  ASSERT_TRUE(stream.ok()) << stream.error().message();

  EXPECT_TRUE(Tell(*stream, MakeSamples(1, 1).front(), "a").trained);
  EXPECT_FALSE(Tell(*stream, "rubbish").ok);
  EXPECT_FALSE(Tell(*stream, MakeSamples(1, 1).front(), "a").trained);
  EXPECT_EQ(Status()["current_samples"], 1);
}

TEST_F(ServiceTest, ForwardsToATrainerThatComesLater) {
  const net::testing::ReservedPort port;
  options_.feedback_listen = port.address();
  ForwardOptions forward{folder_->path() / "sidecar.sock", port.address(), std::chrono::minutes(1)};
  const auto server = StartForward(forward, clock_, base::Log::Nowhere());
  ASSERT_TRUE(server.ok());
  auto stream = net::LineStream::Connect("unix:" + forward.socket.string(), Soon());
  ASSERT_TRUE(stream.ok());
  const Sample sample = MakeSamples(1, 1).front();
  ASSERT_TRUE(stream->Write(api::WriteSample({"a", sample.features, 50, ""}), Soon()).ok());

  Start();

  const auto reply = stream->Read(1000, Soon());
  ASSERT_TRUE(reply.ok()) << reply.error().message();
  EXPECT_TRUE(api::ReadReply(*reply)->trained);
}

TEST_F(ServiceTest, ClosesTheSocketWhenTheTrainerStaysAway) {
  ForwardOptions forward{folder_->path() / "sidecar.sock", "127.0.0.1:1",
                         std::chrono::milliseconds(50)};
  const auto server = StartForward(forward, clock_, base::Log::Nowhere());
  ASSERT_TRUE(server.ok());
  auto stream = net::LineStream::Connect("unix:" + forward.socket.string(), Soon());
  ASSERT_TRUE(stream.ok());
  ASSERT_TRUE(stream->Write("{}", Soon()).ok());

  EXPECT_TRUE(stream->Read(1000, Soon()).Is(base::Code::kUnavailable));
}

}  // namespace
}  // namespace vmafx::trainer
