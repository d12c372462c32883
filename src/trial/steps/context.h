#pragma once

// What every part of a step needs, and what every part gives back.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "expect/evaluator.h"
#include "kube/client.h"
#include "trial/announcer.h"
#include "trial/store_pool.h"
#include "trial/variables.h"
#include "trial/verdict.h"

namespace trial {

class Timeline;

struct StepContext {
  kube::Client& client;
  StorePool& stores;
  Story story;
  std::string ns;                                  // the test's namespace
  std::filesystem::path directory;                 // the test's: commands run there
  std::map<std::string, std::string> environment;  // the whole environment of commands
  base::Duration timeout{};                        // the suite's: commands, each applied object
  expect::Evaluator* evaluator = nullptr;          // of expressions; null: there can be none
  std::string run = {};            // its id, for what is created; "": nothing is marked
  bool own_namespace = false;      // `ns` was made by the run: all in it goes with it
  bool stays = false;              // what is created here stays when the run is over
  Variables* variables = nullptr;  // the test's, for output of commands
  Timeline* timeline = nullptr;    // what the step follows over time; null: nothing
  bool fail_early = false;         // a cause that stays until somebody mends it ends a wait
};

// How a part of a step ended.
struct Outcome {
  Verdict verdict = Verdict::kPassed;
  std::vector<Failure> failures;

  bool ok() const { return verdict == Verdict::kPassed; }
  void Add(Verdict worse, Failure failure) {
    verdict = Worse(verdict, worse);
    failures.push_back(std::move(failure));
  }
};

// What an error of the cluster means for a verdict: the product's refusal is a failure, not being
// able to ask is an error.
inline Verdict VerdictOf(const base::Error& error) {
  switch (error.code()) {
    case base::Code::kDenied:
    case base::Code::kUnavailable:
    case base::Code::kCancelled:
    case base::Code::kInternal:
      return Verdict::kErrored;
    default:
      return Verdict::kFailed;
  }
}

// For requests that make something: whoever interrupts them would not learn what there is to
// remove. Not stopped, but at most some seconds.
inline base::Until Shielded(const base::Until& until) {
  constexpr base::Duration kLongest = std::chrono::seconds(5);
  return until.Within(kLongest).Stopping({});
}

inline Failure FailureAt(const Place& place, std::string message) {
  Failure failure;
  failure.file = place.file;
  failure.line = place.mark.line;
  failure.column = place.mark.column;
  failure.message = std::move(message);
  return failure;
}

}  // namespace trial
