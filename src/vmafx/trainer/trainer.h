#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/crew.h"
#include "base/guarded.h"
#include "base/log.h"
#include "vmafx/trainer/board.h"
#include "vmafx/trainer/course.h"

namespace vmafx::trainer {

// The one thread that learns. What waits is done in one transaction and answered after its commit,
// so many workers at once cost one flush of the disk; what was answered survives a power cut.
class Trainer {
 public:
  Trainer(Course course, Board& board, base::Clock& clock, base::Log log);
  ~Trainer();

  // One reply for each sample, in order: a sample that cannot be taken is a reply that says why.
  // kUnavailable: nothing of it is on disk (the disk, too much waiting, or shutting down): ask
  // again. kTimeout, kCancelled: it may be on disk or not: ask again.
  base::Result<std::vector<api::FeedbackReply>> Learn(std::vector<api::FeedbackSample> samples,
                                                      const base::Until& until);
  base::Result<Candidate> MakeCandidate(const base::Until& until);
  // As Course::Record, on disk when it returns.
  base::Result<> Record(JudgedCheckpoint judged, const base::Until& until);

 private:
  using Work = std::function<base::Result<>(Course&)>;
  struct Outcome {
    bool known = false;
    std::optional<base::Error> error;
  };
  struct Task {
    Work work;
    std::shared_ptr<base::Guarded<Outcome>> outcome;
  };
  struct State {
    std::deque<Task> waiting;
    bool closed = false;
  };

  base::Result<> Do(Work work, const base::Until& until);
  void Loop();
  base::Result<> RunAll(std::deque<Task>& tasks);
  void Publish();

  Course course_;
  bool damaged_ = false;  // memory and disk differ: reload first
  Board& board_;
  base::Clock& clock_;
  base::Log log_;
  base::Guarded<State> state_;
  base::Crew crew_;
};

}  // namespace vmafx::trainer
