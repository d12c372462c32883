#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/crew.h"
#include "base/guarded.h"
#include "base/log.h"
#include "kube/object.h"
#include "vmafx/operator/controller_client.h"

namespace vmafx::operators {

// What the controller knows of a VmafxNode.
struct Registered {
  // Since when every question to the controller was answered; nullopt: the last one was not, or
  // none was asked yet. Only within that time does silence mean something.
  std::optional<base::WallTime> listening_since;
  std::optional<base::WallTime> last_seen;  // when one of its workers was last heard, if ever
  std::string device;                       // what that worker computes on, or ""

  bool operator==(const Registered&) const = default;
};

// When the controller last heard of the workers of VmafxNodes: it cannot be watched, so one
// ListNodes for all of them is asked every period on a thread of its own, only while somebody wants
// to know of any. Thread-safe.
class NodeRegistry {
 public:
  // Told of every node of which there is news, on its thread; must not block.
  using Listener = std::function<void(const kube::Key&)>;

  // `controller` and `clock` must outlive it.
  NodeRegistry(ControllerClient& controller, base::Duration period, base::Clock& clock,
               base::Log log, Listener listener);
  ~NodeRegistry() { Stop(); }

  void Start();
  // Safe to repeat.
  void Stop();

  // What is known of this VmafxNode now; asks at once if it is a new one, then every period.
  Registered Follow(const kube::Key& node);
  void Forget(const kube::Key& node);

 private:
  struct State {
    std::map<kube::Key, Registered> wanted;
    bool fresh = false;  // a node came after the last question
    std::optional<base::WallTime> listening_since;
  };

  void Keep(std::stop_token stop);
  // Asks once, and tells of what is new.
  void Ask(const base::Until& until);

  ControllerClient& controller_;
  const base::Duration period_;
  base::Clock& clock_;
  base::Log log_;
  Listener listener_;
  base::Guarded<State> state_;
  base::Crew crew_;
};

}  // namespace vmafx::operators
