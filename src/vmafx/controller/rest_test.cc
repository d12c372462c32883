#include "vmafx/controller/rest.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http.h"
#include "sys/files.h"
#include "value/json.h"
#include "vmafx/controller/authenticator.h"

namespace vmafx::controller {
namespace {

using ::testing::HasSubstr;
using value::Json;

constexpr char kWriter[] = "writer-0123456789";
constexpr char kReader[] = "reader-0123456789";

class RestTest : public ::testing::Test {
 protected:
  void Start(bool identity = false, RestOptions options = {.most_scores = 2}) {
    Start(identity, options, clock_);
  }
  // `clock`: what calls are timed by.
  void Start(bool identity, RestOptions options, base::Clock& clock) {
    AuthOptions auth;
    if (identity) {
      auth = {.mode = AuthOptions::Mode::kTokens, .token_file = folder_.path() / "tokens"};
      const std::string tokens = fmt::format("{},ci,writer\n{},dash,reader\n", kWriter, kReader);
      ASSERT_TRUE(sys::WriteFileAtomically(auth.token_file, tokens).ok());
    }
    authenticator_ = *MakeAuthenticator(auth, nullptr, clock_, base::Log::Nowhere());
    rest_ = std::make_unique<Rest>(
        *dispatcher_, *authenticator_, options, [this] { return dispatcher_->Ready(); }, "1.2.3",
        clock);
    server_ = *net::HttpServer::Start("127.0.0.1:0", rest_->Routes(),
                                      {.thread_per_connection = true, .json_errors = true});
  }
  net::Response Send(const std::string& method, const std::string& path,
                     const std::string& body = "", const std::string& token = "") {
    net::Request request{.method = method,
                         .url = fmt::format("http://127.0.0.1:{}{}", server_->port(), path),
                         .body = body};
    if (!token.empty()) request.headers["authorization"] = "Bearer " + token;
    auto response = http_->Send(request, Soon());
    EXPECT_TRUE(response.ok()) << response.error().message();
    return response.ok() ? *std::move(response) : net::Response{};
  }
  net::Response Score(const std::string& body, const std::string& token = "") {
    return Send("POST", "/v1/score", body, token);
  }
  base::Until Soon() { return base::Until::After(clock_, std::chrono::seconds(60)); }

  // A pool worker that finishes the next job with `outcome`, on a thread of its own.
  void WorkOnce(const Outcome& outcome) {
    const Session session = *dispatcher_->Register({.name = "pool-1", .pool = true});
    const SessionKey key{session.id, session.token};
    auto changes = dispatcher_->Subscribe();
    worker_ = std::jthread([this, key, changes, outcome] {
      for (;;) {
        const auto job = *dispatcher_->Pull(key, {}, "", Soon());
        if (!job) {
          if (!changes->Next(Soon()).ok()) return;
          continue;
        }
        EXPECT_TRUE(dispatcher_->ReportFinal(key, {job->id, job->attempt}, outcome, Soon()).ok());
        return;
      }
    });
  }

  base::SystemClock clock_;
  base::FakeClock told_clock_;
  sys::TempDir folder_ = *sys::TempDir::Make("rest");
  std::unique_ptr<Dispatcher> dispatcher_ =
      *Dispatcher::Start({.database = folder_.path() / "jobs.db"}, clock_, base::Log::Nowhere());
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<Rest> rest_;
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<net::Http> http_ = net::MakeCurlHttp({});
  std::jthread worker_;
};

constexpr char kPair[] = R"({"reference":"file:///r.y4m","distorted":"file:///d.y4m"})";

TEST_F(RestTest, AnswersWithTheScoreOfAPoolWorker) {
  Start();
  WorkOnce({.score = 46.85,
            .features = {{"vif", 0.5}},
            .provenance = R"({"backendUsed":"cpu","modelSha256":"abc"})"});

  const auto response = Score(kPair);

  ASSERT_EQ(response.status, 200) << response.body;
  const Json body = Json::parse(response.body);
  EXPECT_EQ(body["score"], 46.85);
  EXPECT_EQ(body["features"]["vif"], 0.5);
  EXPECT_EQ(body["provenance"]["backend_used"], "cpu");
  EXPECT_EQ(body["provenance"]["model_sha256"], "abc");
  const Json job = Json::parse(Send("GET", "/v1/jobs/" + body["job_id"].get<std::string>()).body);
  EXPECT_EQ(job["status"], "COMPLETED");
  EXPECT_EQ(job["final_score"], 46.85);
}

TEST_F(RestTest, SaysWhyAPairCouldNotBeScored) {
  Start();
  WorkOnce({.error = "reference: no such file"});

  const auto response = Score(kPair);

  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body, HasSubstr("reference: no such file"));
}

TEST_F(RestTest, RefusesAtOnceWithoutAPoolWorker) {
  Start();
  ASSERT_TRUE(dispatcher_->Register({.name = "pod-1"}).ok());

  const auto response = Score(kPair);

  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("is the worker pool up"));
  EXPECT_TRUE(dispatcher_->List({}, 0, Soon())->jobs.empty());
}

TEST_F(RestTest, NamesWhatIsWrongWithABody) {
  Start();

  for (const auto& [body, problem] : std::vector<std::pair<std::string, std::string>>{
           {"", "not JSON"},
           {"{", "not JSON"},
           {"[]", "not a JSON object"},
           {"{}", "reference is missing"},
           {R"({"reference":""})", "reference is empty"},
           {R"({"reference":1,"distorted":"d"})", "reference is not a string"},
           {R"({"reference":"r"})", "distorted is missing"},
           {R"({"reference":"r","distorted":"d","modell":"m"})", "did you mean \"model\"?"},
           {R"({"reference":"r","distorted":"d","options":[]})", "options is not an object"},
           {R"({"reference":"r","distorted":"d","options":{"wdith":1}})", "wdith"},
           {R"({"reference":"r","distorted":"d","options":{"width":"x"}})", "width"},
           {R"({"reference":"r","distorted":"d","options":{"width":64}})", "missing"},
           {R"({"reference":"r","distorted":"d","options":{"subsample":2}})", "subsample"}}) {
    const auto response = Score(body);

    EXPECT_EQ(response.status, 400) << body;
    const Json answer = Json::parse(response.body, nullptr, false);
    ASSERT_TRUE(answer.is_object()) << response.body;
    EXPECT_THAT(answer["error"].get<std::string>(), HasSubstr(problem)) << body;
  }
}

TEST_F(RestTest, RefusesABodyAboveOneMebibyte) {
  Start();

  const auto response = Score(std::string((1 << 20) + 1, ' '));

  EXPECT_EQ(response.status, 413);
  EXPECT_TRUE(Json::parse(response.body).contains("error"));
  EXPECT_EQ(Score(std::string(1 << 20, ' ')).status, 400);
}

TEST_F(RestTest, CancelsTheJobOfACallWhoseTimeIsOver) {
  Start(false, {.most_scores = 1, .score_time = std::chrono::minutes(1)}, told_clock_);
  ASSERT_TRUE(dispatcher_->Register({.name = "pool-1", .pool = true}).ok());
  auto changes = dispatcher_->Subscribe();
  net::Response response;
  std::jthread call([&] { response = Score(kPair); });
  ASSERT_TRUE(changes->Next(Soon()).ok());  // its job is there

  told_clock_.Advance(std::chrono::minutes(1));

  call.join();
  EXPECT_EQ(response.status, 504);
  const auto jobs = dispatcher_->List({}, 0, Soon())->jobs;
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].status, Status::kCancelled);
  EXPECT_THAT(response.body, HasSubstr(jobs[0].id));
}

TEST_F(RestTest, TakesOnlySoManyScoresAtOnce) {
  Start(false, {.most_scores = 1});
  ASSERT_TRUE(dispatcher_->Register({.name = "pool-1", .pool = true}).ok());
  auto changes = dispatcher_->Subscribe();
  std::jthread first([this] { EXPECT_EQ(Score(kPair).status, 503); });
  ASSERT_TRUE(changes->Next(Soon()).ok());  // its job is there

  const auto second = Score(kPair);

  EXPECT_EQ(second.status, 429);
  dispatcher_->Drain();  // ends the first one
}

TEST_F(RestTest, LetsOnlyWritersScoreAndOnlyReadersRead) {
  Start(true);
  ASSERT_TRUE(dispatcher_->Register({.name = "pool-1", .pool = true}).ok());

  EXPECT_EQ(Score(kPair).status, 401);
  EXPECT_EQ(Score(kPair, "nobody-0123456789").status, 401);
  EXPECT_EQ(Score(kPair, kReader).status, 403);
  EXPECT_EQ(Score("{}", kWriter).status, 400);
  EXPECT_EQ(Send("GET", "/v1/jobs/nope").status, 401);
  EXPECT_EQ(Send("GET", "/v1/jobs/nope", "", kReader).status, 404);
  EXPECT_EQ(Send("GET", "/healthz").status, 200);
  EXPECT_EQ(Send("GET", "/metrics").status, 200);
}

TEST_F(RestTest, CountsItsCalls) {
  Start();
  Score("{}");
  Send("GET", "/v1/health");
  Send("GET", "/readyz");
  Send("GET", "/v1/ready");

  const std::string metrics = Send("GET", "/metrics").body;

  EXPECT_THAT(metrics, HasSubstr("vmafx_server_score_requests_total 1"));
  EXPECT_THAT(metrics, HasSubstr("vmafx_server_score_errors_total 1"));
  EXPECT_THAT(metrics, HasSubstr("vmafx_server_score_duration_seconds_count 1"));
  EXPECT_THAT(metrics, HasSubstr("vmafx_server_health_requests_total 1"));
  EXPECT_THAT(metrics, HasSubstr("vmafx_server_ready_requests_total 2"));
}

TEST_F(RestTest, DescribesEveryRouteItServes) {
  Start();

  const auto response = Send("GET", "/swagger/spec.json");

  EXPECT_EQ(response.headers.at("content-type"), "application/json");
  const Json document = Json::parse(response.body);
  EXPECT_EQ(document["openapi"], "3.0.3");
  EXPECT_EQ(document["info"]["version"], "1.2.3");
  for (const net::Route& route : rest_->Routes()) {
    std::string path = route.path;
    if (path.ends_with("/*")) path.replace(path.size() - 1, 1, "{id}");
    EXPECT_TRUE(document["paths"].contains(path)) << path;
    EXPECT_EQ(document["paths"][path].size(), 1U) << path;
  }
  EXPECT_EQ(document["paths"].size(), rest_->Routes().size());
  const std::string page = Send("GET", "/swagger").body;
  EXPECT_THAT(page, HasSubstr("<code>/v1/score</code>"));
}

// Every $ref of the document leads somewhere.
TEST_F(RestTest, DescribesEverySchemaItRefersTo) {
  Start();
  const Json document = Json::parse(Send("GET", "/swagger/spec.json").body);
  const std::string key = "$ref";
  std::vector<const Json*> open = {&document};
  int found = 0;
  while (!open.empty()) {
    const Json* value = open.back();
    open.pop_back();
    for (const auto& [name, child] : value->items()) {
      if (name == key) {
        const Json::json_pointer target(child.get<std::string>().substr(1));
        EXPECT_TRUE(document.contains(target)) << child;
        ++found;
      } else if (child.is_structured()) {
        open.push_back(&child);
      }
    }
  }
  EXPECT_GT(found, 10);
}

}  // namespace
}  // namespace vmafx::controller
