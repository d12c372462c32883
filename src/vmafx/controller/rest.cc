#include "vmafx/controller/rest.h"

#include "value/json.h"
#include "vmafx/controller/openapi.h"
#include "vmafx/controller/score_request.h"
#include "vmafx/controller/translate.h"

namespace vmafx::controller {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;
using net::Answer;
using net::Call;
using value::Json;

namespace {

constexpr auto kCallTime = std::chrono::seconds(30);
constexpr std::string_view kJobs = "/v1/jobs/";

Answer JsonAnswer(int status, const Json& body) {
  return {.status = status,
          .body = body.dump(-1, ' ', false, Json::error_handler_t::replace),
          .content_type = "application/json",
          .broken_after = {}};
}

Answer ErrorAnswer(int status, const std::string& message) {
  return JsonAnswer(status, {{"error", message}});
}

int StatusOf(Code code) {
  switch (code) {
    case Code::kInvalid:
      return 400;
    case Code::kDenied:
      return 403;
    case Code::kNotFound:
      return 404;
    case Code::kUnavailable:
    case Code::kCancelled:
      return 503;
    case Code::kTimeout:
      return 504;
    default:
      return 500;
  }
}

Answer ErrorAnswer(const base::Error& error) {
  return ErrorAnswer(StatusOf(error.code()), error.message());
}

Answer ScoreAnswer(const Job& job) {
  if (job.status == Status::kCancelled) {
    return ErrorAnswer(500, fmt::format("job {} was cancelled", job.id));
  }
  if (job.status != Status::kCompleted) {
    return ErrorAnswer(500, fmt::format("job {}: {}", job.id, job.error));
  }
  Json body = {{"job_id", job.id}, {"score", job.score}, {"features", job.features}};
  const Json provenance = Json::parse(ProvenanceJson(job), nullptr, /*allow_exceptions=*/false);
  if (provenance.is_object() && !provenance.empty()) body["provenance"] = provenance;
  return JsonAnswer(200, body);
}

// Counts a call under way, as long as there are fewer than `most`.
class Slot {
 public:
  Slot(std::atomic<int>& count, int most) : count_(count), free_(++count <= most) {}
  ~Slot() { --count_; }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  bool free() const { return free_; }

 private:
  std::atomic<int>& count_;
  bool free_;
};

}  // namespace

Rest::Rest(Dispatcher& dispatcher, Authenticator& authenticator, RestOptions options,
           Readiness readiness, const std::string& version, base::Clock& clock)
    : dispatcher_(dispatcher),
      authenticator_(authenticator),
      options_(options),
      readiness_(std::move(readiness)),
      specification_(OpenApi(version)),
      page_(OpenApiPage(specification_)),
      clock_(clock) {}

std::vector<net::Route> Rest::Routes() {
  const auto health = [this](const Call&) { return Health(); };
  const auto ready = [this](const Call&) { return Ready(); };
  const auto alive = [](const Call&) { return JsonAnswer(200, {{"status", "ok"}}); };
  return {
      {"POST", "/v1/score", [this](const Call& call) { return Score(call); }},
      {"GET", std::string(kJobs) + "*", [this](const Call& call) { return Job(call); }},
      {"GET", "/v1/health", health},
      {"GET", "/healthz", health},
      {"GET", "/v1/ready", ready},
      {"GET", "/readyz", ready},
      {"GET", "/startupz", ready},
      {"GET", "/livez", alive},
      {"GET", "/metrics", [this](const Call&) { return RenderMetrics(); }},
      {"GET", "/swagger",
       [this](const Call&) -> Answer {
         return {.body = page_, .content_type = "text/html; charset=utf-8", .broken_after = {}};
       }},
      {"GET", "/swagger/spec.json",
       [this](const Call&) -> Answer {
         return {.body = specification_, .content_type = "application/json", .broken_after = {}};
       }},
  };
}

Result<> Rest::Admit(const Call& call, Action action, int& status) {
  const auto header = call.headers.find("authorization");
  auto caller = authenticator_.Identify(header == call.headers.end() ? "" : header->second,
                                        Until::After(clock_, kCallTime));
  if (!caller.ok()) {
    status = caller.Is(Code::kDenied) ? 401 : StatusOf(caller.error().code());
    return caller.error();
  }
  if (MayCall(caller->role, action)) return base::Ok();
  status = 403;
  return Fail(Code::kDenied, "{} is {}, who may not call {}", caller->name, ToString(caller->role),
              ToString(action));
}

Answer Rest::Score(const Call& call) {
  const base::Instant start = clock_.Now();
  Answer answer = ScoreNow(call);
  const std::chrono::duration<double> took = clock_.Now() - start;
  dispatcher_.metrics().CountScore(answer.status, took.count());
  return answer;
}

Answer Rest::ScoreNow(const Call& call) {
  int status = 0;
  if (auto admitted = Admit(call, Action::kScore, status); !admitted.ok()) {
    return ErrorAnswer(status, admitted.error().message());
  }
  auto job = ReadScoreRequest(call.body);
  if (!job.ok()) return ErrorAnswer(job.error());
  const Slot slot(scores_, options_.most_scores);
  if (!slot.free()) {
    return ErrorAnswer(429, fmt::format("{} scores are under way, no more are taken at once",
                                        options_.most_scores));
  }
  auto scored = dispatcher_.Score(*job, Until::After(clock_, options_.score_time));
  return scored.ok() ? ScoreAnswer(*scored) : ErrorAnswer(scored.error());
}

Answer Rest::Job(const Call& call) {
  int status = 0;
  if (auto admitted = Admit(call, Action::kGetJob, status); !admitted.ok()) {
    return ErrorAnswer(status, admitted.error().message());
  }
  const std::string id = call.path.substr(kJobs.size());
  auto job = dispatcher_.Get(id, Until::After(clock_, kCallTime));
  if (!job.ok()) return ErrorAnswer(job.error());
  return {.body = JobJson(*job), .content_type = "application/json", .broken_after = {}};
}

Answer Rest::Health() {
  dispatcher_.metrics().CountHealth();
  return JsonAnswer(200, {{"status", "ok"}});
}

Answer Rest::Ready() {
  dispatcher_.metrics().CountReady();
  auto ready = readiness_();
  if (ready.ok()) return JsonAnswer(200, {{"status", "ready"}});
  return JsonAnswer(503, {{"status", "not ready"}, {"reason", ready.error().message()}});
}

Answer Rest::RenderMetrics() {
  auto text = dispatcher_.RenderMetrics(Until::After(clock_, std::chrono::seconds(5)));
  if (!text.ok()) return ErrorAnswer(text.error());
  return {
      .body = *std::move(text), .content_type = "text/plain; version=0.0.4", .broken_after = {}};
}

}  // namespace vmafx::controller
