#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/guarded.h"
#include "vmafx/api/feedback.h"
#include "vmafx/trainer/store.h"
#include "vmafx/trainer/student.h"

namespace vmafx::trainer {

// How the trainer stands, for everybody who asks.
struct View {
  std::string phase = "initializing";  // "running" once it takes samples
  std::string message;                 // what is wrong now, or ""
  int64_t revision = 0;                // another one after each change; greater after a restart
  int64_t samples = 0;                 // jobs counted
  int64_t steps = 0;
  int64_t held_out = 0;
  int64_t replay = 0;
  double loss = 0;
  int64_t refused = 0;        // samples that could not be taken, since the start
  int64_t bad_lines = 0;      // lines that were no sample, since the start
  int64_t evictions = 0;      // samples that the replay has dropped for newer ones, since the start
  int64_t duplicates = 0;     // samples of jobs that were counted before, since the start
  int64_t push_failures = 0;  // since the start
  CheckpointRecord record;
  std::optional<api::FeedbackSample> newest;  // the last one counted since the start
  std::shared_ptr<const Student> student;     // as learnt so far; null while initializing
  std::shared_ptr<const Student> base;
};

// The one place where it stands. Any thread.
class Board {
 public:
  // `now` makes revisions rise over restarts.
  explicit Board(base::WallTime now) {
    view_.With([&](View& view) {
      view.revision =
          std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
    });
  }

  View Read() const {
    return view_.Read([](const View& view) { return view; });
  }

  // Calls change(View&); wakes those who wait. Must not block.
  template <typename Change>
  void Update(Change&& change) {
    view_.With([&](View& view) {
      change(view);
      ++view.revision;
    });
  }

  // Waits until ready(const View&). kTimeout, kCancelled.
  template <typename Ready>
  base::Result<> Await(const base::Until& until, Ready&& ready) {
    return view_.Await(until, std::forward<Ready>(ready));
  }

 private:
  base::Guarded<View> view_;
};

}  // namespace vmafx::trainer
