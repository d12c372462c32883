#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/crew.h"
#include "base/guarded.h"
#include "cluster/native/components.h"
#include "cluster/provider.h"
#include "value/json.h"

namespace cluster::native {

// Talks to the init while a cluster starts: sends what to start, keeps the start table, runs waits
// side by side, and ends all of them at the first failure: a wait that fails, a service that ended
// three times, a one-time program that failed, or the end of the node.
class Starter {
 public:
  // `channel` is our end to the init. All must outlive the starter.
  Starter(int channel, Layout layout, base::Instant begin, const Progress& progress,
          base::Clock& clock);
  ~Starter();

  // Sends the init a message that needs no answer here.
  base::Result<> Send(const value::Json& message);

  // Waits until the node has booted.
  base::Result<> AwaitBoot(const base::Until& until);

  // Asks the init to start `component`; `fds` become its descriptors 3, 4, ...
  base::Result<> Start(const Component& component, const std::vector<int>& fds = {});

  // Waits until the one-time program `name` has ended well.
  base::Result<> AwaitEnd(const std::string& name, const base::Until& until);

  // Notes that `component` is ready now, and tells `progress`, on the thread of Finish.
  void Ready(const std::string& component);

  // Runs `wait` on a thread of its own until `until` or the first failure of any.
  void Run(const std::string& name, const base::Until& until,
           std::function<base::Result<>(const base::Until&)> wait);

  // Waits until everything that was Run is over, telling `progress` meanwhile; then the first
  // failure, or the start table.
  base::Result<std::vector<StartRow>> Finish(const base::Until& until);

  // After Finish: the start is complete. Waits until the init says so too.
  base::Result<> HandOver(bool tied, const base::Until& until);

 private:
  struct State {
    bool booted = false;
    std::map<std::string, bool> ended;  // one-time programs that ended well
    std::vector<StartRow> table;
    std::vector<StartRow> untold;
    int running = 0;
    std::optional<base::Error> failure;
  };

  void ReadEvents(std::stop_token stop);
  void Take(const value::Json& event);
  void Fail(base::Error error);

  const int channel_;
  const Layout layout_;
  const base::Instant begin_;
  const Progress& progress_;
  base::Clock& clock_;
  base::Guarded<State> state_;
  base::Crew crew_;
};

}  // namespace cluster::native
