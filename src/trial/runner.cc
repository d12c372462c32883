#include "trial/runner.h"

#include <algorithm>
#include <random>

#include <fmt/format.h>

#include "base/crew.h"
#include "base/text.h"
#include "sys/files.h"
#include "trial/leaks.h"
#include "trial/names.h"
#include "trial/run_lease.h"
#include "trial/suite_setup.h"
#include "trial/test_run.h"

namespace trial {
namespace {

namespace fs = std::filesystem;

constexpr base::Duration kShortRequest = std::chrono::seconds(5);
constexpr base::Duration kLeakLimit = std::chrono::seconds(20);
constexpr base::Duration kLeakPause = std::chrono::seconds(1);

// Counts the tests of each suite, so that its events come in pairs although tests overlap.
class SuiteProgress {
 public:
  SuiteProgress(const Plan& plan, Announcer& announcer) : announcer_(announcer) {
    for (const PlannedTest& test : plan.tests) ++suites_[test.id.suite].tests;
  }

  // Under the lock of the runner's state.
  void OnTestStart(const std::string& suite) {
    One& one = suites_[suite];
    if (one.started++ > 0) return;
    one.since = announcer_.clock().Now();
    announcer_.Tell(SuiteStarted{suite, one.tests});
  }

  void OnTestEnd(const std::string& suite, Verdict verdict) {
    One& one = suites_[suite];
    one.totals.Add(verdict);
    if (one.totals.total() == one.tests)
      announcer_.Tell(SuiteEnded{suite, one.totals, announcer_.clock().Now() - one.since});
  }

 private:
  struct One {
    int tests = 0;
    int started = 0;
    Totals totals;
    base::Instant since{};
  };
  Announcer& announcer_;
  std::map<std::string, One> suites_;
};

class Runner {
 public:
  Runner(const Plan& plan, const SuiteConfig& suite, const RunSettings& settings,
         kube::Client& client, Announcer& announcer, base::Log log)
      : plan_(plan),
        suite_(suite),
        settings_(settings),
        client_(client),
        announcer_(announcer),
        stores_(client, settings.scope, announcer.clock(), log),
        cleaner_(client, stores_, announcer, {settings.run, settings.cleanup_limit}, log),
        lease_(client, settings.run, announcer.clock(), log),
        state_(plan, announcer) {
    if (settings.look) lookout_.emplace(client, stores_, settings.scope, announcer);
  }

  base::Result<RunResult> Run(const base::Until& until) {
    sys::TempDir scratch = TRY(sys::TempDir::Make("seatrial-run"));
    MakeTestSettings(scratch.path());
    TRY(WriteCommandKubeconfig(scratch.path() / "kubeconfig"));
    const base::Instant started = announcer_.clock().Now();
    TellStart();
    BeginLease(until);
    SuiteSetup setup(
        {client_, stores_, Story(announcer_, {}), "default", settings_.working_directory,
         test_settings_.environment, test_settings_.timeout, nullptr, settings_.run, false, true},
        scratch.path());
    const Outcome set_up = setup.Run(suite_, settings_.crds, settings_.manifests, until);
    ReadContentBefore(until);
    if (set_up.ok())
      RunTests(until);
    else
      SkipTests();
    const base::Duration to_verdict = announcer_.clock().Now() - started;
    return End(set_up, until.Stopped(), started, to_verdict);
  }

 private:
  struct State {
    State(const Plan& plan, Announcer& announcer) : suites(plan, announcer) {}
    size_t next = 0;
    std::map<TestId, Verdict> verdicts;
    std::vector<Leftovers> shared;  // of the namespace that all tests share, kept to the end
    bool kept = false;              // something stays because the user wants it so
    std::vector<RanAt> ran;         // for the leak check
    std::set<std::string> namespaces;
    SuiteProgress suites;
  };

  void MakeTestSettings(const fs::path& scratch) {
    test_settings_.run = settings_.run;
    test_settings_.environment = settings_.environment;
    test_settings_.environment["KUBECONFIG"] = (scratch / "kubeconfig").string();
    std::string path = (settings_.working_directory / "bin").string() + "/";
    if (!settings_.kubernetes_bin.empty()) path += ":" + settings_.kubernetes_bin;
    const auto inherited = settings_.environment.find("PATH");
    if (inherited != settings_.environment.end()) path += ":" + inherited->second;
    test_settings_.environment["PATH"] = path;
    test_settings_.timeout = std::chrono::seconds(suite_.timeout);
    test_settings_.shared_ns = suite_.ns;
    test_settings_.skip_delete = suite_.skip_delete;
    test_settings_.keep_failed = suite_.keep_failed;
    test_settings_.fail_early = suite_.fail_early;
    test_settings_.artifacts = settings_.artifacts;
    test_settings_.scratch = scratch;
    test_settings_.evaluator = settings_.evaluator;
    test_settings_.lookout = lookout_ ? &*lookout_ : nullptr;
    test_settings_.kubeconfig_files = settings_.kubeconfig_files;
    test_settings_.cleanup_limit = settings_.cleanup_limit;
    test_settings_.log_events = settings_.log_events;
  }

  base::Result<> WriteCommandKubeconfig(const fs::path& path) {
    const kube::ClusterAccess& access = client_.access();
    const std::string name = access.context.empty() ? "seatrial" : access.context;
    return sys::WriteFileAtomically(path, kube::WriteKubeconfig(access, name), 0600);
  }

  void BeginLease(const base::Until& until) {
    const auto begun = lease_.Begin(until.Within(kShortRequest));
    if (begun.ok()) return;
    Story(announcer_, {})
        .Line(fmt::format("this run leaves no Lease, so `seatrial gc` could not tell whether it is "
                          "dead: {}",
                          begun.error().message()));
  }

  // What is there before the first test, where leaks are asked for.
  void ReadContentBefore(const base::Until& until) {
    if (!suite_.leak_check || until.Stopped()) return;
    before_ = ReadContent(client_, until.Within(kLeakLimit));
    if (before_->ok() && !(*before_)->unseen.empty())
      Story(announcer_, {})
          .Warn({},
                fmt::format("the leak check cannot see: {}", base::Join((*before_)->unseen, ", ")));
  }

  // Some objects take a moment to go after the ones that they belong to.
  Outcome FindLeaks() {
    Outcome outcome;
    if (!before_) return outcome;
    if (!before_->ok()) {
      outcome.Add(Verdict::kErrored, FailureAt({}, "leak check: " + before_->error().message()));
      return outcome;
    }
    const auto [ran, namespaces] =
        state_.Read([](const State& state) { return std::pair(state.ran, state.namespaces); });
    const base::Until until = base::Until::After(announcer_.clock(), kLeakLimit);
    for (;;) {
      const auto after = ReadContent(client_, until);
      if (!after.ok()) {
        outcome.Add(Verdict::kErrored, FailureAt({}, "leak check: " + after.error().message()));
        return outcome;
      }
      auto leaks = Leaks(**before_, *after, settings_.run, namespaces, ran);
      if (!leaks.empty() && until.Left() > kLeakLimit / 2 && until.Pause(kLeakPause)) continue;
      for (Failure& leak : leaks) outcome.Add(Verdict::kFailed, std::move(leak));
      return outcome;
    }
  }

  void TellStart() {
    RunStarted event;
    event.run = settings_.run;
    event.name = suite_.name;
    event.server = client_.access().server;
    event.context = client_.access().context;
    event.suites = static_cast<int>(plan_.suites.size());
    event.tests = static_cast<int>(plan_.tests.size());
    event.parallel = suite_.parallel;
    event.timeout = test_settings_.timeout;
    announcer_.Tell(event);
  }

  // A name for each test up front, so that a run with the same seed is the same run.
  std::vector<std::string> Namespaces() const {
    std::mt19937_64 random(settings_.seed);
    std::set<std::string> used;
    std::vector<std::string> names;
    for (const PlannedTest& planned : plan_.tests) used.insert(planned.test.ns);
    for (const PlannedTest& planned : plan_.tests) {
      // A template of the test knows its name already.
      std::string name = planned.test.ns.empty() ? suite_.ns : planned.test.ns;
      if (!name.empty()) {
        names.push_back(std::move(name));
        continue;
      }
      while (name.empty() || used.count(name) != 0) name = NamespaceName(random());
      used.insert(name);
      names.push_back(std::move(name));
    }
    return names;
  }

  void RunTests(const base::Until& until) {
    const std::vector<std::string> namespaces = Namespaces();
    std::vector<size_t> serial;
    for (size_t i = 0; i < plan_.tests.size(); ++i)
      (plan_.tests[i].test.rules.serial ? serial : together_).push_back(i);
    for (const size_t i : serial) RunOne(plan_.tests[i], namespaces[i], until);
    const size_t threads = std::min(together_.size(), static_cast<size_t>(suite_.parallel));
    base::Crew crew;
    for (size_t i = 0; i < threads; ++i) {
      crew.Start(fmt::format("test/{}", i), [&](std::stop_token) {
        while (const auto next = TakeNext()) RunOne(plan_.tests[*next], namespaces[*next], until);
      });
    }
    // Tests end by `until`, not by the crew's token: each has its clean-up to hand over.
    crew.StopAndJoin();
  }

  std::optional<size_t> TakeNext() {
    return state_.With([&](State& state) -> std::optional<size_t> {
      if (state.next == together_.size()) return std::nullopt;
      return together_[state.next++];
    });
  }

  void RunOne(const PlannedTest& test, const std::string& ns, const base::Until& until) {
    state_.With([&](State& state) { state.suites.OnTestStart(test.id.suite); });
    if (until.Stopped()) return SkipOne(test);
    const std::string from = base::FormatTime(announcer_.clock().WallNow());
    TestResult result = RunTest(test, ns, test_settings_, client_, stores_, announcer_, until);
    state_.With([&](State& state) {
      state.ran.push_back({test.id.test, from, base::FormatTime(announcer_.clock().WallNow())});
      if (!result.leftovers.ns_uid.empty()) state.namespaces.insert(ns);
    });
    HandOver(std::move(result.leftovers));
    state_.With([&](State& state) {
      state.verdicts[test.id] = result.verdict;
      state.suites.OnTestEnd(test.id.suite, result.verdict);
    });
  }

  // A namespace that tests share is deleted once, when the last of them has ended.
  void HandOver(Leftovers leftovers) {
    if (leftovers.keep) state_.With([](State& state) { state.kept = true; });
    const bool has_any = !leftovers.ns_uid.empty() || !leftovers.elsewhere.empty();
    const bool shared = !suite_.ns.empty() && has_any;
    if (!shared) return cleaner_.Add(std::move(leftovers));
    state_.With([&](State& state) { state.shared.push_back(std::move(leftovers)); });
  }

  // The first takes the namespace and everything in it; the others have nothing left to remove.
  void HandOverShared() {
    auto shared = state_.With([](State& state) { return std::move(state.shared); });
    // Where one test of a shared namespace is kept, all are: they are in the same place.
    const bool keep = std::any_of(shared.begin(), shared.end(),
                                  [](const Leftovers& leftovers) { return leftovers.keep; });
    for (Leftovers& leftovers : shared) leftovers.keep = keep;
    std::stable_partition(shared.begin(), shared.end(),
                          [](const Leftovers& leftovers) { return !leftovers.ns_uid.empty(); });
    for (size_t i = 1; !keep && i < shared.size(); ++i) {
      auto& created = shared[i].created;
      shared[0].created.insert(shared[0].created.end(), created.begin(), created.end());
      created.clear();
      shared[i].ns_uid.clear();
    }
    for (Leftovers& leftovers : shared) cleaner_.Add(std::move(leftovers));
  }

  void SkipOne(const PlannedTest& test) {
    announcer_.Tell(TestStarted{test.id, test.test.directory.string(), "",
                                static_cast<int>(test.test.steps.size())});
    announcer_.Tell(TestEnded{test.id, Verdict::kSkipped, {}});
    announcer_.Tell(CleanupEnded{test.id, "", Verdict::kSkipped, {}, {}});
    state_.With([&](State& state) {
      state.verdicts[test.id] = Verdict::kSkipped;
      state.suites.OnTestEnd(test.id.suite, Verdict::kSkipped);
    });
  }

  void SkipTests() {
    for (const PlannedTest& test : plan_.tests) {
      state_.With([&](State& state) { state.suites.OnTestStart(test.id.suite); });
      SkipOne(test);
    }
  }

  base::Result<RunResult> End(const Outcome& set_up, bool interrupted, base::Instant started,
                              base::Duration to_verdict) {
    if (interrupted)
      Story(announcer_, {})
          .Warn({},
                "interrupted: removing what the tests made; interrupt again to leave it behind");
    HandOverShared();
    lookout_.reset();  // tells the last of what it saw
    const Cleaner::Verdicts cleanup = cleaner_.Finish();
    RunEnded event;
    event.failures = set_up.failures;
    event.verdict = set_up.verdict;
    const Outcome leaks = FindLeaks();
    event.failures.insert(event.failures.end(), leaks.failures.begin(), leaks.failures.end());
    event.verdict = Worse(event.verdict, leaks.verdict);
    lease_.Finish(!cleanup.failed.empty() ? RunLease::End::kLeft
                  : state_.Read([](const State& state) { return state.kept; })
                      ? RunLease::End::kKept
                      : RunLease::End::kGone);
    event.interrupted = interrupted;
    auto verdicts = state_.Read([](const State& state) { return state.verdicts; });
    for (const auto& [id, outcome] : cleanup.failed)
      verdicts[id] = Worse(verdicts[id], outcome.verdict);
    for (const auto& [id, verdict] : verdicts) {
      event.totals.Add(verdict);
      event.verdict = Worse(event.verdict, verdict);
    }
    if (interrupted) event.verdict = Verdict::kErrored;
    event.to_verdict = to_verdict;
    event.took = announcer_.clock().Now() - started;
    announcer_.Tell(event);
    return RunResult{event.totals, event.verdict, interrupted};
  }

  const Plan& plan_;
  const SuiteConfig& suite_;
  const RunSettings& settings_;
  kube::Client& client_;
  Announcer& announcer_;
  StorePool stores_;
  std::optional<Lookout> lookout_;
  Cleaner cleaner_;
  RunLease lease_;
  std::optional<base::Result<ClusterContent>> before_;  // for the leak check
  TestSettings test_settings_;
  std::vector<size_t> together_;  // the tests that are not serial, by their index in the plan
  base::Guarded<State> state_;
};

}  // namespace

base::Result<RunResult> Run(const Plan& plan, const SuiteConfig& suite, const RunSettings& settings,
                            kube::Client& client, std::vector<Listener*> listeners, base::Log log,
                            const base::Until& until) {
  Announcer announcer(std::move(listeners), until.clock());
  return Runner(plan, suite, settings, client, announcer, std::move(log)).Run(until);
}

}  // namespace trial
