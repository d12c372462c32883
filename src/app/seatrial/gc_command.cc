// seatrial gc: what clusters and runs left that could not clean up themselves.

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "app/seatrial/clusters.h"
#include "app/seatrial/commands.h"
#include "app/seatrial/finish.h"
#include "cluster/engine/engine.h"
#include "trial/gc.h"

namespace app {
namespace {

using base::Code;
using base::Fail;
using base::Result;

struct GcFlags {
  std::string state_dir = kStateDir, timeout = "120s", cluster, kubeconfig, context;
  std::vector<std::string> runs;
  bool dry_run = false;
};

std::string Words(const trial::FoundRun& run) {
  if (!run.state) return "has no Lease to tell whether it is alive";
  switch (*run.state) {
    case trial::RunState::kAlive:
      return "is alive";
    case trial::RunState::kDead:
      return "is dead";
    case trial::RunState::kKept:
      return "is over, and was to be kept";
  }
  return "";
}

// Those to remove: the dead ones, or the ones that are named.
Result<std::vector<trial::FoundRun>> Choose(const std::vector<trial::FoundRun>& found,
                                            const GcFlags& flags, const std::string& where) {
  std::vector<trial::FoundRun> chosen;
  for (const trial::FoundRun& run : found) {
    const bool named = std::count(flags.runs.begin(), flags.runs.end(), run.id) != 0;
    if (named && run.state == trial::RunState::kAlive)
      return Fail(Code::kInvalid, "{}: run {} is alive: end it instead", where, run.id);
    const bool dead = flags.runs.empty() && run.state == trial::RunState::kDead;
    if (named || dead) {
      chosen.push_back(run);
    } else if (flags.runs.empty()) {
      fmt::print(
          "{}: run {} {}: left alone{}\n", where, run.id, Words(run),
          run.state == trial::RunState::kAlive ? "" : fmt::format("; --run {} removes it", run.id));
    }
  }
  return chosen;
}

Result<> CleanCluster(const kube::ClusterAccess& access, const std::string& where,
                      const GcFlags& flags, const base::Until& until) {
  const base::Log log = base::Log::ToStderr(base::Level::kError);
  const auto client = kube::MakeClient(access, log);
  const auto found = TRY(trial::FindRuns(*client, until));
  const auto chosen = TRY(Choose(found, flags, where));
  for (const trial::FoundRun& run : chosen)
    fmt::print("{}: run {} {}: {} {} namespaces\n", where, run.id, Words(run),
               flags.dry_run ? "it has" : "removing its", run.namespaces.size());
  if (flags.dry_run || chosen.empty()) return base::Ok();
  const trial::Removed removed = TRY(trial::RemoveRuns(*client, chosen, log, until));
  fmt::print("{}: {} namespaces and {} objects outside of them removed\n", where,
             removed.namespaces, removed.objects);
  if (removed.staying.empty()) return base::Ok();
  for (const std::string& line : removed.staying) fmt::print("{}: {}\n", where, line);
  return Fail(Code::kTimeout, "{}: not everything could be removed", where);
}

// Without a cluster named: the remains of clusters of ours, and dead runs on those that run.
Result<> CleanAll(const GcFlags& flags, Context& context, const base::Until& until) {
  const auto provider = MakeProvider(context, flags.state_dir);
  const auto names = TRY(provider->Sweep(until));
  for (const std::string& name : names) fmt::print("removed what was left of cluster {}\n", name);
  const bool engine =
      TRY(cluster::engine::Sweep(std::filesystem::absolute(flags.state_dir), until));
  if (engine) fmt::print("removed what was left of the engine\n");
  if (names.empty() && !engine)
    fmt::print("nothing is left of ended clusters in {}\n", flags.state_dir);
  const auto clusters = TRY(provider->List());
  for (const auto& status : clusters) {
    if (!status.running) continue;
    const auto access = TRY(kube::LoadKubeconfig(status.cluster.kubeconfig));
    TRY(CleanCluster(access, "cluster " + status.cluster.name, flags, until));
  }
  return base::Ok();
}

Result<> CollectGarbage(const GcFlags& flags, Context& context) {
  const base::Until until = UntilTimeout(context, flags.timeout);
  if (!flags.kubeconfig.empty()) {
    const auto access = TRY(kube::LoadKubeconfig(flags.kubeconfig, flags.context));
    return CleanCluster(access, access.server, flags, until);
  }
  if (!flags.cluster.empty()) {
    const auto found = TRY(MakeProvider(context, flags.state_dir)->Find(flags.cluster));
    return CleanCluster(TRY(kube::LoadKubeconfig(found.kubeconfig)), "cluster " + found.name, flags,
                        until);
  }
  return CleanAll(flags, context, until);
}

}  // namespace

void AddGcCommand(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "gc",
      "remove what clusters left that ended without `down`, and what test runs left in "
      "clusters that were killed before they could clean up");
  const auto flags = std::make_shared<GcFlags>();
  CLI::Option* own = command->add_option("--cluster", flags->cluster,
                                         "only runs, in a cluster that `seatrial up` started");
  command->add_option("--kubeconfig", flags->kubeconfig, "only runs, in any other cluster")
      ->excludes(own);
  command->add_option("--context", flags->context, "context in that kubeconfig");
  command
      ->add_option("--run", flags->runs,
                   "this run instead of all dead ones, also if it was to be kept; repeatable")
      ->allow_extra_args(false);
  command->add_flag("--dry-run", flags->dry_run, "only say which runs would be removed");
  command->add_option("--state-dir", flags->state_dir, "where clusters keep their state")
      ->capture_default_str();
  command->add_option("--timeout", flags->timeout, "limit, as in 90s or 5m")
      ->check(CheckDuration)
      ->capture_default_str();
  command->footer(
      "A run is dead when its process is gone (on this machine), or when its Lease in the\n"
      "namespace default was not renewed for 5 minutes (elsewhere).\n"
      "Examples:\n  seatrial gc\n  seatrial gc --kubeconfig ~/kubeconfig --dry-run");
  command->callback(
      [flags, &context] { context.exit_code = Finish(CollectGarbage(*flags, context), context); });
}

}  // namespace app
