#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/crew.h"
#include "base/guarded.h"
#include "base/log.h"
#include "ctrl/work_queue.h"
#include "net/http.h"

namespace vmafx::operators {

// What one look at a node's /healthz found.
struct Probe {
  base::WallTime at;     // when that was
  bool healthy = false;  // it answered 200
  std::string reason;    // "ProbeSucceeded", "ConnectionRefused", "NameNotFound", "Timeout",
                         // "HTTPStatus", "InvalidAnswer", "Unreachable"
  std::string message;
  std::string device;  // what the body {"device": "..."} says, or ""
};

// One GET of `url`. Nothing of the body but the device is told on: who may write a VmafxNode must
// not read other people's Services through the operator.
Probe ProbeHealthz(net::Http& http, const std::string& url, const base::Until& until);

struct NodeProberOptions {
  base::Duration period = std::chrono::seconds(5);
  // A Service that is new answers a moment after its Pod is ready: the first failures in a row are
  // followed up sooner than in a period.
  base::Duration recheck = std::chrono::seconds(1);
  int most_rechecks = 3;
  base::Duration timeout = std::chrono::seconds(2);
  int workers = 8;  // probes at once
  // Where to look for `url`, if not there: for tests, which have no cluster DNS.
  std::function<std::string(const std::string& url)> route = {};
};

// Looks at the /healthz of nodes on threads of its own: at once when one is new or its URL changed,
// then every period. Redirects are not followed; a certificate is not checked, as the kubelet's
// probes do not. Thread-safe.
class NodeProber {
 public:
  // Told of every node that was looked at, on a prober's thread; must not block.
  using Listener = std::function<void(const kube::Key&)>;

  // `clock` must outlive it.
  NodeProber(NodeProberOptions options, base::Clock& clock, base::Log log, Listener listener);
  ~NodeProber() { Stop(); }

  void Start();
  // Ends running probes and joins. Safe to repeat.
  void Stop();

  // Looks at `url` for this node from now on. The last probe of that very URL and object, if there
  // was one.
  std::optional<Probe> Follow(const kube::Key& node, const std::string& uid,
                              const std::string& url);
  void Forget(const kube::Key& node);

 private:
  struct Target {
    std::string uid;
    std::string url;
    std::optional<Probe> last;
    int failures = 0;  // in a row
  };

  void Work(std::stop_token stop);
  // How long to wait from its start to the next one.
  base::Duration Look(const kube::Key& node, const Target& target, const base::Until& until);

  const NodeProberOptions options_;
  base::Clock& clock_;
  base::Log log_;
  Listener listener_;
  const std::unique_ptr<net::Http> http_;
  ctrl::WorkQueue queue_;
  base::Guarded<std::map<kube::Key, Target>> targets_;
  base::Crew crew_;
};

}  // namespace vmafx::operators
