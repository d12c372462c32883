#include "app/vmafx/job_commands.h"

#include <cstdio>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "app/vmafx/chart_page.h"
#include "app/vmafx/remote.h"
#include "vmafx/api/score_options.h"
#include "vmafx/client/render.h"

namespace app {
namespace {

namespace client = vmafx::client;
namespace rpc = vmafx::controller::v1;

constexpr char kGetExamples[] = R"(Examples:
  vmafx get 5d2b6c1e-3f0a-4c53-9d0e-4a6d1c6b7f10
  vmafx get 5d2b6c1e-3f0a-4c53-9d0e-4a6d1c6b7f10 --frames csv > frames.csv
  vmafx get 5d2b6c1e-3f0a-4c53-9d0e-4a6d1c6b7f10 --html frames.html
  vmafx get 5d2b6c1e-3f0a-4c53-9d0e-4a6d1c6b7f10 -o json | jq .score.mean

Exit codes: 0 found, 2 bad usage, 3 not found or not reached.)";

constexpr char kWatchExamples[] = R"(Examples:
  vmafx watch                   all jobs that are not finished, and every change from now on
  vmafx watch 5d2b6c1e-...      one job until it is finished
  vmafx watch -o json | jq .status

Exit codes: 0 the job has its score, 1 it failed or was cancelled, 2 bad usage, 3 not found or not reached, 130
interrupted.)";

constexpr char kCancelExamples[] = R"(Examples:
  vmafx cancel 5d2b6c1e-3f0a-4c53-9d0e-4a6d1c6b7f10

Exit codes: 0 cancelled or finished already, 2 bad usage, 3 not found or not reached.)";

int PrintJob(const rpc::Job& job, const Remote& remote) {
  return Print(remote.json() ? client::JobJson(job).dump(2) + "\n" : client::JobText(job));
}

// One state of a job, as one line; kPassed while somebody reads.
int PrintState(const rpc::Job& job, const Remote& remote, const base::Clock& clock) {
  return Print(remote.json() ? client::JobJson(job).dump() + "\n"
                             : client::JobLine(job, clock.WallNow()) + "\n");
}

struct GetFlags {
  Remote remote;
  std::string job;
  std::string frames;  // "csv", "json"
  std::string html;
};

int RunGet(const GetFlags& flags, const Context& context) {
  const auto controller = Connect(flags.remote);
  if (!controller.ok()) return Explain(controller.error());
  const auto job = (*controller)->Get(flags.job, context.until());
  if (!job.ok()) return Explain(kErrored, job.error());
  if (flags.frames.empty() && flags.html.empty()) return PrintJob(*job, flags.remote);
  if (!flags.html.empty() && !client::IsFinished(job->status())) {
    return Explain(kErrored, base::Fail(base::Code::kNotFound,
                                        "job {} is {}: its page can be drawn when it has ended "
                                        "(vmafx watch {}); --frames gives the scores so far",
                                        flags.job, client::StatusWord(job->status()), flags.job));
  }
  if (job->partial_results_size() == 0) {
    return Explain(kErrored, base::Fail(base::Code::kNotFound, "job {} is {}: it has no frames{}",
                                        flags.job, client::StatusWord(job->status()),
                                        client::IsFinished(job->status()) ? "" : " yet"));
  }
  if (!flags.html.empty()) {
    if (auto written = WritePage(flags.html, ChartOf(*job)); !written.ok()) {
      return Explain(kErrored, written.error());
    }
  }
  if (flags.frames == "csv") return Print(client::FramesCsv(*job));
  if (flags.frames == "json") return Print(client::FramesJson(*job).dump(2) + "\n");
  return kPassed;
}

struct WatchFlags {
  Remote remote;
  std::string job;
};

int WatchOne(const WatchFlags& flags, client::Controller& controller, const Context& context) {
  const auto job = controller.AwaitJob(
      flags.job, Patiently(),
      [&](const rpc::Job& state) { PrintState(state, flags.remote, context.clock); },
      context.until());
  if (!job.ok()) return Explain(kErrored, job.error());
  return job->status() == rpc::COMPLETED ? kPassed : kFailed;
}

int WatchAll(const WatchFlags& flags, client::Controller& controller, const Context& context) {
  const auto before = controller.Jobs(context.until());
  if (!before.ok()) return Explain(kErrored, before.error());
  // What was finished before is history; all else is shown once in each state.
  std::map<std::string, int64_t> shown;
  for (const rpc::Job& job : *before) {
    if (client::IsFinished(job.status())) shown[job.id()] = job.revision();
  }
  int printed = kPassed;
  const auto followed = controller.Follow(
      Patiently(),
      [&](const rpc::Job& job) {
        if (std::exchange(shown[job.id()], job.revision()) != job.revision()) {
          printed = PrintState(job, flags.remote, context.clock);
        }
        return printed == kPassed;
      },
      context.until());
  return followed.ok() ? printed : Explain(kErrored, followed.error());
}

int RunWatch(const WatchFlags& flags, const Context& context) {
  const auto controller = Connect(flags.remote);
  if (!controller.ok()) return Explain(controller.error());
  return (flags.job.empty() ? WatchAll : WatchOne)(flags, **controller, context);
}

struct CancelFlags {
  Remote remote;
  std::string job;
};

int RunCancel(const CancelFlags& flags, const Context& context) {
  const auto controller = Connect(flags.remote);
  if (!controller.ok()) return Explain(controller.error());
  const auto said = (*controller)->Cancel(flags.job, context.until());
  if (!said.ok()) return Explain(kErrored, said.error());
  if (!flags.remote.json()) return Print(*said + "\n");
  return Print(value::Json{{"id", flags.job}, {"message", *said}}.dump(2) + "\n");
}

}  // namespace

void AddGetCommand(CLI::App& app, Context& context) {
  auto flags = std::make_shared<GetFlags>();
  CLI::App* get = app.add_subcommand("get", "Shows a job, its score, its frames.");
  get->add_option("JOB", flags->job, "its id, as submit prints it")->required();
  get->add_option("--frames", flags->frames, "only the score and features of each frame: csv, json")
      ->check(CLI::IsMember({"csv", "json"}));
  get->add_option("--html", flags->html, "draw the frames into this file");
  AddRemoteFlags(*get, flags->remote);
  get->footer(kGetExamples);
  get->callback([flags, &context] { context.exit_code = RunGet(*flags, context); });
}

void AddWatchCommand(CLI::App& app, Context& context) {
  auto flags = std::make_shared<WatchFlags>();
  CLI::App* watch = app.add_subcommand("watch", "Follows jobs: a line for each change.");
  watch->add_option("JOB", flags->job, "only this one, until it is finished");
  AddRemoteFlags(*watch, flags->remote);
  watch->footer(kWatchExamples);
  watch->callback([flags, &context] { context.exit_code = RunWatch(*flags, context); });
}

void AddCancelCommand(CLI::App& app, Context& context) {
  auto flags = std::make_shared<CancelFlags>();
  CLI::App* cancel = app.add_subcommand("cancel", "Cancels a job that is not finished.");
  cancel->add_option("JOB", flags->job, "its id, as submit prints it")->required();
  AddRemoteFlags(*cancel, flags->remote);
  cancel->footer(kCancelExamples);
  cancel->callback([flags, &context] { context.exit_code = RunCancel(*flags, context); });
}

}  // namespace app
