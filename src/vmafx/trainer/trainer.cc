#include "vmafx/trainer/trainer.h"

namespace vmafx::trainer {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;

namespace {

constexpr size_t kMostWaiting = 1024;
constexpr size_t kMostAtOnce = 64;

// A sample that the course refuses is an answer, not a failure of the disk.
Result<api::FeedbackReply> AddOne(Course& course, const api::FeedbackSample& sample) {
  auto reply = course.Add(sample);
  if (!reply.Is(Code::kInvalid)) return reply;
  course.CountRefused();
  return api::FeedbackReply{.job_id = sample.job_id, .error = reply.error().message()};
}

}  // namespace

Trainer::Trainer(Course course, Board& board, base::Clock& clock, base::Log log)
    : course_(std::move(course)), board_(board), clock_(clock), log_(std::move(log)) {
  Publish();
  crew_.Start("trainer/learn", [this](std::stop_token) { Loop(); });
}

Trainer::~Trainer() {
  state_.With([](State& state) { state.closed = true; });
}

Result<> Trainer::Do(Work work, const Until& until) {
  Task task{std::move(work), std::make_shared<base::Guarded<Outcome>>()};
  const auto outcome = task.outcome;
  const bool taken = state_.With([&](State& state) {
    if (state.closed || state.waiting.size() >= kMostWaiting) return false;
    state.waiting.push_back(std::move(task));
    return true;
  });
  if (!taken) return Fail(Code::kUnavailable, "the trainer is busy or shutting down");
  TRY(outcome->Await(until, [](const Outcome& so_far) { return so_far.known; })
          .During("waiting for the trainer"));
  const auto error = outcome->Read([](const Outcome& it) { return it.error; });
  if (error) return *error;
  return base::Ok();
}

Result<std::vector<api::FeedbackReply>> Trainer::Learn(std::vector<api::FeedbackSample> samples,
                                                       const Until& until) {
  // Shared: the work may run after the caller has given up.
  auto replies = std::make_shared<std::vector<api::FeedbackReply>>();
  TRY(Do(
      [samples = std::move(samples), replies](Course& course) -> Result<> {
        for (const auto& sample : samples) replies->push_back(TRY(AddOne(course, sample)));
        return course.SaveLearner();
      },
      until));
  return std::move(*replies);
}

Result<Candidate> Trainer::MakeCandidate(const Until& until) {
  auto candidate = std::make_shared<Candidate>();
  TRY(Do(
      [candidate](Course& course) {
        *candidate = course.MakeCandidate();
        return base::Ok();
      },
      until));
  return std::move(*candidate);
}

Result<> Trainer::Record(JudgedCheckpoint judged, const Until& until) {
  return Do([judged = std::move(judged)](Course& course) { return course.Record(judged); }, until);
}

void Trainer::Loop() {
  // Ends when it is closed and nothing waits: what was taken is finished.
  while (true) {
    auto tasks = state_.When(
        Until::After(clock_, std::chrono::hours(1)),
        [](const State& state) { return state.closed || !state.waiting.empty(); },
        [](State& state) {
          std::deque<Task> some;
          while (!state.waiting.empty() && some.size() < kMostAtOnce) {
            some.push_back(std::move(state.waiting.front()));
            state.waiting.pop_front();
          }
          return some;
        });
    if (!tasks.ok()) continue;
    if (tasks->empty()) return;
    auto result = RunAll(*tasks);
    if (!result.ok()) {
      course_.store().Rollback();
      damaged_ = true;
      log_.Error("nothing was stored",
                 {{"calls", tasks->size()}, {"reason", result.error().message()}});
    }
    Publish();
    for (Task& task : *tasks) {
      task.outcome->With([&](Outcome& outcome) {
        outcome.known = true;
        if (!result.ok()) outcome.error = result.error();
      });
    }
  }
}

Result<> Trainer::RunAll(std::deque<Task>& tasks) {
  if (damaged_) {
    TRY(course_.Load());
    damaged_ = false;
  }
  TRY(course_.store().Begin());
  for (Task& task : tasks) TRY(task.work(course_));
  return course_.store().Commit();
}

void Trainer::Publish() {
  if (damaged_) return;  // what it has in memory was not stored
  auto student = std::make_shared<const Student>(course_.learner().average());
  auto base = std::make_shared<const Student>(course_.base().student);
  board_.Update([&](View& view) {
    view.samples = course_.counted();
    view.steps = course_.learner().steps();
    view.held_out = static_cast<int64_t>(course_.held_out());
    view.replay = static_cast<int64_t>(course_.replay());
    view.loss = course_.loss();
    // A checkpoint went well: what went wrong before is over.
    if (view.record != course_.record()) view.message.clear();
    view.refused = course_.refused();
    view.duplicates = course_.duplicates();
    view.evictions = course_.evictions();
    view.record = course_.record();
    view.newest = course_.newest();
    view.student = std::move(student);
    view.base = std::move(base);
  });
}

}  // namespace vmafx::trainer
