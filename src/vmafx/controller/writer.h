#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/crew.h"
#include "base/guarded.h"
#include "base/log.h"
#include "vmafx/controller/job.h"
#include "vmafx/controller/sqlite.h"

namespace vmafx::controller {

// What a call may do inside the writer's transaction.
struct Transaction {
  Database& database;
  std::vector<Change>
      changed;  // jobs as they are after this call; told to the listener once committed
};

// The one thread that uses the database. All calls that wait are run in one transaction and
// answered after its one commit, so a hundred calls cost one flush of the disk.
class Writer {
 public:
  using Listener = std::function<void(const std::vector<Change>&)>;

  // `listener` is called on the writer's thread with the changes of each commit, in order, before
  // the calls are answered. It must not call back into the writer.
  Writer(Database database, Listener listener, base::Clock& clock, base::Log log);
  // Finishes what waits.
  ~Writer();

  // Runs `work` and waits until it is on disk. An error of `work` undoes that call alone. kTimeout
  // or kCancelled when `until` is over first: the work may still happen. kUnavailable: the commit
  // failed, nothing of it is on disk; or the writer is closed.
  template <typename T>
  base::Result<T> Do(std::function<base::Result<T>(Transaction&)> work, const base::Until& until) {
    using Answer = std::unique_ptr<base::Result<T>>;
    struct Slot {
      base::Guarded<Answer> answer;
      Answer computed;  // the writer's thread only
    };
    auto slot = std::make_shared<Slot>();
    Task task;
    task.work = [slot, work = std::move(work)](Transaction& transaction) -> base::Result<> {
      slot->computed = std::make_unique<base::Result<T>>(work(transaction));
      if (!slot->computed->ok()) return slot->computed->error();
      return base::Ok();
    };
    task.answer = [slot](const base::Result<>& committed) {
      if (!committed.ok()) slot->computed = std::make_unique<base::Result<T>>(committed.error());
      slot->answer.With([&](Answer& answer) { answer = std::move(slot->computed); });
    };
    if (!Enqueue(std::move(task))) {
      return base::Error(base::Code::kUnavailable, "the controller is shutting down");
    }
    auto answered = slot->answer.When(
        until, [](const Answer& answer) { return answer != nullptr; },
        [](Answer& answer) { return std::move(answer); });
    if (!answered.ok()) return std::move(answered).error().During("waiting for the database");
    return std::move(**answered);
  }

  // Whether the last commit worked; the error says why not.
  base::Result<> Health() const;

 private:
  struct Task {
    std::function<base::Result<>(Transaction&)> work;
    std::function<void(const base::Result<>&)> answer;
  };
  struct State {
    std::deque<Task> waiting;
    bool closed = false;
    std::optional<base::Error> last_failure;
  };

  bool Enqueue(Task task);
  void Loop();
  void CommitBatch(std::deque<Task> batch);
  base::Result<> RunBatch(std::deque<Task>& batch, std::vector<base::Result<>>& results,
                          std::vector<Change>& changed);

  Database database_;
  Listener listener_;
  base::Log log_;
  base::Guarded<State> state_;
  base::Clock& clock_;
  base::Crew crew_;
};

}  // namespace vmafx::controller
