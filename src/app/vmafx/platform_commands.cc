#include "app/vmafx/platform_commands.h"

#include <memory>

#include <fmt/format.h>

#include "app/vmafx/remote.h"
#include "net/http.h"
#include "vmafx/client/render.h"
#include "vmafx/client/training.h"
#include "vmafx/scoring/score.h"

namespace app {
namespace {

namespace client = vmafx::client;

constexpr size_t kLargestStatus = 1 << 20;

constexpr char kNodesExamples[] = R"(Examples:
  vmafx nodes
  vmafx nodes --namespace videos -o json

Exit codes: 0 listed, 2 bad usage, 3 not reached.)";

constexpr char kTrainExamples[] = R"(Examples:
  vmafx train status online.videos              VmafxModelTraining "online" of namespace "videos", inside the cluster
  vmafx train status localhost:9091             behind kubectl -n videos port-forward svc/vmafx-trainer-online 9091
  vmafx train status http://localhost:9091 -o json

Exit codes: 0 it answers, 2 bad usage, 3 not reached.)";

struct NodesFlags {
  Remote remote;
  std::string ns;
};

int RunNodes(const NodesFlags& flags, const Context& context) {
  const auto controller = Connect(flags.remote);
  if (!controller.ok()) return Explain(controller.error());
  const auto nodes = (*controller)->Nodes(flags.ns, context.until());
  if (!nodes.ok()) return Explain(kErrored, nodes.error());
  return Print(flags.remote.json() ? client::NodesJson(*nodes).dump(2) + "\n"
                                   : client::NodesText(*nodes, context.clock.WallNow()));
}

int RunModels(Format format) {
  const auto models = vmafx::scoring::BuiltInModels();
  if (format == Format::kJson) return Print(value::Json(models).dump(2) + "\n");
  std::string text;
  for (const std::string& model : models) {
    text += model + (model == vmafx::scoring::kDefaultModel ? "  (default)\n" : "\n");
  }
  return Print(text);
}

struct TrainFlags {
  Format format = Format::kText;
  std::string trainer = "localhost:9091";
  base::Duration timeout = std::chrono::seconds(10);
};

int RunTrainStatus(const TrainFlags& flags, const Context& context) {
  if (auto url = client::StatusUrl(flags.trainer); !url.ok()) return Explain(url.error());
  const auto http = net::MakeCurlHttp({.user_agent = "vmafx", .body_limit = kLargestStatus});
  const auto status =
      client::TrainingStatus(*http, flags.trainer, context.until().Within(flags.timeout));
  if (!status.ok()) return Explain(kErrored, status.error());
  if (flags.format == Format::kJson) return Print(status->dump(2) + "\n");
  const auto text = client::TrainingText(*status);
  return text.ok() ? Print(*text) : Explain(kErrored, text.error());
}

// The words that may follow `command`.
std::string WordsOf(const CLI::App& command) {
  std::string words;
  for (const CLI::App* below : command.get_subcommands({})) words += below->get_name() + " ";
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
  }
  return words;
}

// Completes commands and flags, and files where neither fits. https://www.gnu.org/software/bash/
// manual/html_node/Programmable-Completion.html
std::string BashCompletion(const CLI::App& app) {
  std::string cases;
  for (const CLI::App* command : app.get_subcommands({})) {
    cases += fmt::format("    {}) words=\"{}\" ;;\n", command->get_name(), WordsOf(*command));
  }
  return fmt::format(R"(_vmafx() {{
  local words
  case "${{COMP_WORDS[1]}}" in
{}    *) words="{}" ;;
  esac
  [ "$COMP_CWORD" -eq 1 ] && words="{}"
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _vmafx vmafx
)",
                     cases, WordsOf(app), WordsOf(app));
}

}  // namespace

void AddNodesCommand(CLI::App& app, Context& context) {
  auto flags = std::make_shared<NodesFlags>();
  CLI::App* nodes =
      app.add_subcommand("nodes", "Lists the nodes that the controller has heard of.");
  nodes->add_option("--namespace", flags->ns, "only nodes of this namespace");
  AddRemoteFlags(*nodes, flags->remote);
  nodes->footer(kNodesExamples);
  nodes->callback([flags, &context] { context.exit_code = RunNodes(*flags, context); });
}

void AddModelsCommand(CLI::App& app, Context& context) {
  auto format = std::make_shared<Format>(Format::kText);
  CLI::App* models = app.add_subcommand("models", "Lists the models that are built in.");
  AddFormat(*models, *format);
  models->callback([format, &context] { context.exit_code = RunModels(*format); });
}

void AddTrainCommand(CLI::App& app, Context& context) {
  CLI::App* train = app.add_subcommand("train", "Online training of a model.");
  train->require_subcommand(1);
  auto flags = std::make_shared<TrainFlags>();
  CLI::App* status = train->add_subcommand("status", "Shows how far a trainer is.");
  status
      ->add_option("TRAINER", flags->trainer, "NAME.NAMESPACE, HOST:PORT or a URL (localhost:9091)")
      ->envname("VMAFX_TRAINER_STATUS_ADDR");
  AddFormat(*status, flags->format);
  AddDuration(*status, "--timeout", "VMAFX_RPC_TIMEOUT", flags->timeout, "for its answer");
  status->footer(kTrainExamples);
  status->callback([flags, &context] { context.exit_code = RunTrainStatus(*flags, context); });
}

void AddCompletionCommand(CLI::App& app, Context& context) {
  CLI::App* completion =
      app.add_subcommand("completion", "Prints a script that completes vmafx's words in bash.");
  completion->footer("Example:\n  source <(vmafx completion)");
  completion->callback([&app, &context] { context.exit_code = Print(BashCompletion(app)); });
}

}  // namespace app
