#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/log.h"

namespace ctrl {

// Something with a lifetime that a Manager runs.
class Part {
 public:
  virtual ~Part() = default;

  // Returns when what comes after it may rely on it. May block as long as `until` (a standby waits
  // for its turn here).
  virtual base::Result<> Start(const base::Until& until) = 0;
  // Ok while it works; an error says what is wrong now and makes the program not ready. Called from
  // any thread between Start and Stop; must not block.
  virtual base::Result<> Ready() { return base::Ok(); }
  // Whether the program counts as ready while this one still starts: a standby is ready.
  virtual bool ReadyWhileStarting() const { return false; }
  // Ends it and joins its threads. Called once after a Start that succeeded.
  virtual void Stop() = 0;
};

// Starts the parts of a program in the order they were added, runs until told to stop, and stops
// them in reverse. Thread-safe but for Add.
class Manager {
 public:
  explicit Manager(base::Log log) : log_(std::move(log)) {}

  // Before Run. `part` must outlive Run.
  void Add(std::string name, Part& part);

  // Blocks until `until` is stopped (Ok), a part does not start, or Fail is called (that error).
  // All parts are stopped when it returns.
  base::Result<> Run(const base::Until& until);

  // A part cannot go on (a lease is lost): ends Run. Any thread; the first error counts.
  void Fail(base::Error error);

  // For /readyz: one line for each part, "[+]jobs ok" or "[-]jobs the watch of Pod: ...", as the
  // API server writes its own.
  struct Health {
    bool ready = false;
    std::string text;
  };
  Health Check() const;

 private:
  struct Member {
    std::string name;
    Part* part;
  };
  struct State {
    size_t started = 0;
    bool starting = false;  // members_[started] is in Start now
    std::optional<base::Error> failure;
  };

  base::Result<> StartAll(const base::Until& until);
  void StopAll();

  base::Log log_;
  std::vector<Member> members_;
  base::Guarded<State> state_;
};

}  // namespace ctrl
