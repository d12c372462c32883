#include "vmafx/controller/writer.h"

namespace vmafx::controller {

using base::Result;

Writer::Writer(Database database, Listener listener, base::Clock& clock, base::Log log)
    : database_(std::move(database)),
      listener_(std::move(listener)),
      log_(std::move(log)),
      clock_(clock) {
  crew_.Start("store/writer", [this](std::stop_token) { Loop(); });
}

Writer::~Writer() {
  state_.With([](State& state) { state.closed = true; });
}

bool Writer::Enqueue(Task task) {
  return state_.With([&](State& state) {
    if (!state.closed) state.waiting.push_back(std::move(task));
    return !state.closed;
  });
}

Result<> Writer::Health() const {
  return state_.Read([](const State& state) -> Result<> {
    if (state.last_failure) return *state.last_failure;
    return base::Ok();
  });
}

void Writer::Loop() {
  // It ends by Close, not by a stop token: calls that were accepted are finished. The deadline is
  // only there because every wait has one.
  for (;;) {
    auto batch = state_.When(
        base::Until::After(clock_, std::chrono::hours(1)),
        [](const State& state) { return state.closed || !state.waiting.empty(); },
        [](State& state) { return std::exchange(state.waiting, {}); });
    if (!batch.ok()) continue;
    if (batch->empty()) return;
    CommitBatch(*std::move(batch));
  }
}

void Writer::CommitBatch(std::deque<Task> batch) {
  std::vector<Result<>> results;
  std::vector<Change> changed;
  auto committed = RunBatch(batch, results, changed);
  if (!committed.ok()) {
    log_.Error("commit failed", {{"calls", batch.size()}, {"reason", committed.error().message()}});
    // Fails when there is no transaction left, which is what we want.
    (void)database_.Run("ROLLBACK").ok();
    results.assign(batch.size(), committed.error());
    changed.clear();
  }
  state_.With([&](State& state) {
    state.last_failure.reset();
    if (!committed.ok()) state.last_failure = committed.error();
  });
  if (!changed.empty()) listener_(changed);
  for (size_t i = 0; i < batch.size(); ++i) batch[i].answer(results[i]);
}

Result<> Writer::RunBatch(std::deque<Task>& batch, std::vector<Result<>>& results,
                          std::vector<Change>& changed) {
  TRY(database_.Run("BEGIN IMMEDIATE"));
  for (auto& task : batch) {
    Transaction transaction{database_, {}};
    TRY(database_.Run("SAVEPOINT call"));
    results.push_back(task.work(transaction));
    if (results.back().ok()) {
      changed.insert(changed.end(), std::make_move_iterator(transaction.changed.begin()),
                     std::make_move_iterator(transaction.changed.end()));
    } else {
      TRY(database_.Run("ROLLBACK TO call"));
    }
    TRY(database_.Run("RELEASE call"));
  }
  return database_.Run("COMMIT");
}

}  // namespace vmafx::controller
