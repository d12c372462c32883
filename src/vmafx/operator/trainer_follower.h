#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/crew.h"
#include "base/guarded.h"
#include "base/log.h"
#include "ctrl/work_queue.h"
#include "net/http.h"
#include "vmafx/operator/trainer_report.h"

namespace vmafx::operators {

// What is known of a trainer.
struct Followed {
  std::optional<TrainerReport> report;  // the last one, also of a trainer that is silent now
  std::string trouble;                  // why it does not answer, or ""

  bool answers() const { return report.has_value() && trouble.empty(); }
  bool operator==(const Followed&) const = default;
};

struct TrainerFollowerOptions {
  int most_threads = 32;                             // trainers listened to at once
  std::chrono::seconds wait{30};                     // of one long poll
  base::Duration crowded = std::chrono::seconds(2);  // with more trainers: between two looks
  // Where the status of a trainer at this address is: "http://IP:PORT/status".
  std::function<std::string(const std::string& ip)> url;
};

// "http://IP:9091/status".
std::string TrainerStatusUrl(const std::string& ip);

// The Pod that a trainer runs in. Asked by its own address: so an answer is this Pod's and no
// earlier one's, and also comes while it is not ready, when it says why.
struct TrainerPod {
  std::string uid;
  std::string ip;
  bool operator==(const TrainerPod&) const = default;
};

// Listens to trainers, each on a thread of its own: GET /status?revision=N&wait=30s answers as soon
// as something changed. More trainers than threads take turns. One that does not answer is asked
// again after 100 ms, doubling to 2 s. Thread-safe.
class TrainerFollower {
 public:
  // Told of every trainer of which there is news, on its thread; must not block.
  using Listener = std::function<void(const kube::Key&)>;

  // `clock` must outlive it.
  TrainerFollower(TrainerFollowerOptions options, base::Clock& clock, base::Log log,
                  Listener listener);
  ~TrainerFollower() { Stop(); }

  // Ends running calls and joins; nobody is followed after it. Safe to repeat.
  void Stop();

  // Listens to the trainer of this VmafxModelTraining, which runs in `pod`, from now on. What is
  // known of it.
  Followed Follow(const kube::Key& training, const TrainerPod& pod);
  // What is known of the one that is listened to.
  Followed Find(const kube::Key& training) const;
  // One that does not answer is asked at once: there is reason to think that it does now.
  void Nudge(const kube::Key& training);
  void Forget(const kube::Key& training);

 private:
  struct Target {
    TrainerPod pod;
    Followed known;
    int failures = 0;  // in a row
    std::stop_source stop = {};
  };
  struct State {
    std::map<kube::Key, Target> targets;
    int threads = 0;
  };

  void Work(std::stop_token stop);
  void TakeTurn(const kube::Key& training, std::stop_token stop);
  // One GET of the status, that waits for news beyond `revision` if there is one.
  base::Result<TrainerReport> Ask(const TrainerPod& pod, std::optional<int64_t> revision,
                                  std::chrono::seconds wait, const base::Until& until);
  // Keeps the outcome, tells of news; false when that trainer is not followed any more.
  bool Take(const kube::Key& training, const TrainerPod& pod,
            const base::Result<TrainerReport>& outcome);

  const TrainerFollowerOptions options_;
  base::Clock& clock_;
  base::Log log_;
  Listener listener_;
  const std::unique_ptr<net::Http> http_;
  ctrl::WorkQueue queue_;
  base::Guarded<State> state_;
  base::Crew crew_;
};

}  // namespace vmafx::operators
