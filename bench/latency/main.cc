// bench-latency: how soon a step notices. One test of many steps, each waiting for the next value
// of one ConfigMap; when the runner tells that a step waits, the value is written, and the time
// until the step's verdict is taken twice: from the write's sending, and from its answer (which a
// watch may overtake). `run` beside this starts a cluster for it.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/crew.h"
#include "base/guarded.h"
#include "base/queue.h"
#include "sys/files.h"
#include "trial/loader.h"
#include "trial/runner.h"

namespace {

using base::Instant;

constexpr auto kWhole = std::chrono::minutes(15);
// After the step has said that it waits: nothing of its beginning is still under way.
constexpr auto kSettled = std::chrono::milliseconds(20);
constexpr char kName[] = "value";

struct Sample {
  Instant sent{}, answered{}, verdict{};
};

struct Waiting {
  int step = 0;
  std::string ns;
};

// Hands on which step waits, and notes when each has its verdict.
class Watcher final : public trial::Listener {
 public:
  Watcher(base::Queue<Waiting>& waiting, base::Guarded<std::map<int, Sample>>& samples,
          const base::Until& until)
      : waiting_(waiting), samples_(samples), until_(until) {}

  void OnTestStarted(const trial::TestStarted& test, const trial::Moment&) override {
    ns_ = test.ns;
  }
  void OnWaitProgress(const trial::WaitProgress& wait, const trial::Moment&) override {
    if (wait.id.index == last_) return;
    last_ = wait.id.index;
    (void)waiting_.Push({wait.id.index, ns_}, until_);
  }
  void OnStepEnded(const trial::StepEnded& step, const trial::Moment& at) override {
    if (step.verdict == trial::Verdict::kPassed)
      samples_.With([&](auto& samples) { samples[step.id.index].verdict = at.instant; });
    for (const trial::Failure& failure : step.failures)
      fmt::print(stderr, "step {}: {}\n", step.id.Text(), failure.message);
  }
  void OnRunEnded(const trial::RunEnded&, const trial::Moment&) override { waiting_.Close(); }

 private:
  base::Queue<Waiting>& waiting_;
  base::Guarded<std::map<int, Sample>>& samples_;
  base::Until until_;
  std::string ns_;
  int last_ = -1;
};

// Writes the value that the waiting step wants.
base::Result<> Write(kube::Client& client, const Waiting& step,
                     base::Guarded<std::map<int, Sample>>& samples, const base::Until& until) {
  const kube::Kind kind = kube::Kind::Of("v1", "ConfigMap");
  const value::Json data{{"data", {{"step", std::to_string(step.step)}}}};
  value::Json object = data;
  object.update({{"apiVersion", "v1"},
                 {"kind", "ConfigMap"},
                 {"metadata", {{"name", kName}, {"namespace", step.ns}}}});
  until.Pause(kSettled);
  const bool first = samples.Read([](const auto& all) { return all.count(1) == 0; });
  const Instant sent = until.clock().Now();
  const auto written = first ? client.Create(kube::Object(object), until)
                             : client.MergePatch(kind, {step.ns, kName}, data, "", until);
  const Instant answered = until.clock().Now();
  if (!written.ok()) return written.error();
  samples.With([&](auto& all) {
    all[step.step].sent = sent;
    all[step.step].answered = answered;
  });
  return base::Ok();
}

std::string Row(const char* what, std::vector<double> spans) {
  std::ranges::sort(spans);
  const auto at = [&](double share) {
    return spans[static_cast<size_t>(share * static_cast<double>(spans.size() - 1))];
  };
  return fmt::format("  {:<34} {:8.2f} {:8.2f} {:8.2f} {:8.2f}\n", what, at(0.5), at(0.9), at(0.99),
                     spans.back());
}

double Milliseconds(base::Duration span) {
  return std::chrono::duration<double, std::milli>(span).count();
}

// The p50 from the answer, in ms.
base::Result<double> Report(const std::map<int, Sample>& samples, int steps) {
  std::vector<double> answered, sent, write;
  for (const auto& [step, sample] : samples) {
    if (sample.sent == Instant{} || sample.verdict == Instant{}) continue;
    answered.push_back(std::max(0.0, Milliseconds(sample.verdict - sample.answered)));
    sent.push_back(Milliseconds(sample.verdict - sample.sent));
    write.push_back(Milliseconds(sample.answered - sample.sent));
  }
  if (static_cast<int>(answered.size()) != steps)
    return base::Fail(base::Code::kInternal, "{} of {} steps passed", answered.size(), steps);
  fmt::print("{} changes; milliseconds\n  {:<34} {:>8} {:>8} {:>8} {:>8}\n", steps, "", "p50",
             "p90", "p99", "most");
  fmt::print("{}{}{}", Row("write's answer to the verdict", answered),
             Row("write's sending to the verdict", sent), Row("the write itself", write));
  std::ranges::sort(answered);
  return answered[answered.size() / 2];
}

base::Result<double> Measure(const std::string& kubeconfig, int steps, const base::Until& until) {
  const auto folder = TRY(sys::TempDir::Make("bench-latency"));
  const std::filesystem::path suite = folder.path() / "suite";
  TRY(sys::MakeDirs(suite / "test"));
  for (int step = 1; step <= steps; ++step)
    TRY(sys::WriteFileAtomically(
        suite / "test" / fmt::format("{:04}-assert.yaml", step),
        fmt::format(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\ndata:\n  step: \"{}\"\n",
            kName, step)));
  trial::Problems problems(false);
  const trial::Plan plan = TRY(trial::MakePlan(trial::LoadTests(suite.string(), {}, problems), ""));
  trial::SuiteConfig config;
  trial::RunSettings settings;
  settings.run = "bench-latency";
  settings.working_directory = folder.path();
  settings.artifacts = folder.path() / "artifacts";
  settings.scope = trial::WatchScope::kCluster;
  settings.seed = static_cast<uint64_t>(until.clock().WallNow().time_since_epoch().count());

  const base::Log log = base::Log::ToStderr(base::Level::kError);
  const auto access = TRY(kube::LoadKubeconfig(kubeconfig));
  const auto client = kube::MakeClient(access, log);
  const auto writer = kube::MakeClient(access, log, "bench-latency");
  base::Queue<Waiting> waiting(1000);
  base::Guarded<std::map<int, Sample>> samples;
  Watcher watcher(waiting, samples, until);
  base::Crew crew;
  crew.Start("writer", [&](std::stop_token stop) {
    while (true) {
      const auto next = waiting.Pop(until.Stopping(stop));
      if (!next.ok() || !next->has_value()) return;
      const auto written = Write(*writer, **next, samples, until.Stopping(stop));
      if (!written.ok()) fmt::print(stderr, "bench-latency: {}\n", written.error().message());
    }
  });
  TRY(trial::Run(plan, config, settings, *client, {&watcher}, log, until));
  crew.StopAndJoin();
  return Report(samples.Read([](const auto& all) { return all; }), steps);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App cli("Time from a change to the verdict of the step that waits for it.", "bench-latency");
  std::string kubeconfig;
  int steps = 500;
  double most = 0;
  cli.add_option("--kubeconfig", kubeconfig, "of a cluster that may be written to")->required();
  cli.add_option("--steps", steps, "changes")->check(CLI::Range(10, 5000))->capture_default_str();
  cli.add_option("--most", most, "end with 1 above this p50, in ms from the write's answer");
  CLI11_PARSE(cli, argc, argv);
  base::SystemClock clock;
  const auto middle = Measure(kubeconfig, steps, base::Until::After(clock, kWhole));
  if (!middle.ok()) {
    fmt::print(stderr, "bench-latency: {}\n", middle.error().message());
    return 3;
  }
  return most > 0 && *middle > most ? 1 : 0;
}
