// bench-platform: how many jobs a second one controller takes and gives back. Clients submit over N
// connections, workers pull and report over N others and answer at once: what is measured is the
// controller alone, with real gRPC and its database on disk. `run` beside this starts it.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "vmafx/controller/v1/controller.grpc.pb.h"

namespace {

namespace rpc = vmafx::controller::v1;
using Stub = rpc::VmafxController::Stub;
using Clock = std::chrono::steady_clock;

constexpr int kFrames = 8;

struct Flags {
  std::string address = "127.0.0.1:9090";
  int connections = 16;
  int jobs = 5000;
};

// Milliseconds of each call of one kind; a vector for each thread, so that nobody waits.
class Latencies {
 public:
  explicit Latencies(int threads) : all_(static_cast<size_t>(threads)) {}
  std::vector<double>& Of(int thread) { return all_[static_cast<size_t>(thread)]; }

  std::string Summary() const {
    std::vector<double> sorted;
    for (const auto& part : all_) sorted.insert(sorted.end(), part.begin(), part.end());
    if (sorted.empty()) return "none";
    std::ranges::sort(sorted);
    const auto at = [&](double share) {
      return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
    };
    return fmt::format("{:6.2f} {:6.2f}", at(0.5), at(0.99));
  }

 private:
  std::vector<std::vector<double>> all_;
};

// A connection of its own: gRPC would give all channels to one address the same.
std::unique_ptr<Stub> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return rpc::VmafxController::NewStub(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

[[noreturn]] void GiveUp(const char* call, const grpc::Status& status) {
  fmt::print(stderr, "bench-platform: {}: {}\n", call, status.error_message());
  std::exit(1);
}

// One call, whose time goes to `times`.
template <typename Method, typename Request, typename Response>
void Call(Stub& stub, const char* name, Method method, const Request& request, Response& response,
          std::vector<double>& times) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  context.set_wait_for_ready(true);
  const auto start = Clock::now();
  const grpc::Status status = (stub.*method)(&context, request, &response);
  times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  if (!status.ok()) GiveUp(name, status);
}

struct Run {
  explicit Run(const Flags& chosen)
      : flags(chosen),
        submits(flags.connections),
        pulls(flags.connections),
        reports(flags.connections) {}

  const Flags& flags;
  Latencies submits;
  Latencies pulls;
  Latencies reports;
  std::atomic<int> to_submit{0};
  std::counting_semaphore<> submitted{0};  // what workers may pull for
  std::atomic<int> to_pull{0};
};

void SubmitAll(Run& run, int thread) {
  const auto stub = Connect(run.flags.address);
  rpc::SubmitJobRequest request;
  request.mutable_scoring()->set_reference("file:///inputs/clips/reference.y4m");
  request.mutable_scoring()->set_distorted("file:///inputs/clips/distorted.y4m");
  request.mutable_scoring()->set_backend("cpu");
  request.set_namespace_("bench");
  while (run.to_submit++ < run.flags.jobs) {
    rpc::SubmitJobResponse response;
    Call(*stub, "SubmitJob", &Stub::SubmitJob, request, response, run.submits.Of(thread));
    run.submitted.release();
  }
}

// What a worker reports of a clip of a few frames.
rpc::ReportResultRequest MakeReport() {
  rpc::ReportResultRequest report;
  report.set_final(true);
  report.set_score(46.85);
  for (const char* name :
       {"vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "adm2", "motion"}) {
    (*report.mutable_features())[name] = 0.73;
    auto& series = *report.add_series();
    series.set_name(name);
    for (int i = 0; i < kFrames; ++i) series.add_values(0.73);
  }
  for (int i = 0; i < kFrames; ++i) report.add_partial_scores(46.85);
  report.mutable_pooled()->set_mean(46.85);
  report.mutable_pooled()->set_frames(kFrames);
  report.mutable_provenance()->set_library("libvmaf 3.0.0");
  report.mutable_provenance()->set_backend_used("cpu");
  return report;
}

void WorkAll(Run& run, int thread) {
  const auto stub = Connect(run.flags.address);
  std::vector<double> unmeasured;
  rpc::RegisterNodeRequest who;
  who.set_name(fmt::format("bench-{}", thread));
  who.set_pool(true);
  rpc::RegisterNodeResponse session;
  Call(*stub, "RegisterNode", &Stub::RegisterNode, who, session, unmeasured);
  rpc::PullWorkRequest pull;
  pull.set_node_id(session.node_id());
  pull.set_session_token(session.session_token());
  pull.mutable_capability()->add_backends("cpu");
  rpc::ReportResultRequest report = MakeReport();
  report.set_node_id(session.node_id());
  report.set_session_token(session.session_token());
  while (run.to_pull++ < run.flags.jobs) {
    run.submitted.acquire();
    rpc::PullWorkResponse work;
    Call(*stub, "PullWork", &Stub::PullWork, pull, work, run.pulls.Of(thread));
    if (!work.has_job()) GiveUp("PullWork", {grpc::StatusCode::INTERNAL, "no job"});
    report.set_job_id(work.job().id());
    report.set_attempt(work.job().attempt());
    rpc::ReportResultResponse done;
    Call(*stub, "ReportResult", &Stub::ReportResult, report, done, run.reports.Of(thread));
  }
}

double RunAll(Run& run) {
  const auto start = Clock::now();
  std::vector<std::jthread> threads;
  for (int i = 0; i < run.flags.connections; ++i) {
    threads.emplace_back([&run, i] { SubmitAll(run, i); });
    threads.emplace_back([&run, i] { WorkAll(run, i); });
  }
  threads.clear();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  CLI::App cli("How many jobs a second one controller takes and gives back.", "bench-platform");
  cli.add_option("--address", flags.address, "the controller's gRPC")->capture_default_str();
  cli.add_option("--connections", flags.connections, "that submit, and as many that work")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  cli.add_option("--jobs", flags.jobs)->check(CLI::PositiveNumber)->capture_default_str();
  CLI11_PARSE(cli, argc, argv);

  Run run(flags);
  const double seconds = RunAll(run);
  const double processor = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;  // ours, all threads
  fmt::print("{:11} {:6} {:8.2f} {:8.0f}   {} {} {} {:8.3f}\n", flags.connections, flags.jobs,
             seconds, flags.jobs / seconds, run.submits.Summary(), run.pulls.Summary(),
             run.reports.Summary(), processor * 1000 / flags.jobs);
  return 0;
}
