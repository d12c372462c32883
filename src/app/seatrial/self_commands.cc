// seatrial completion | man: what an installation puts beside the program.

#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "app/seatrial/commands.h"
#include "app/seatrial/completion.h"
#include "app/seatrial/man_page.h"

namespace app {
namespace {

// Sections that no flag tells. doc/cli.md has the same in more words.
constexpr char kEnding[] = R"(.SH ENVIRONMENT
.TP
.B SEATRIAL_KUBERNETES_BIN
folder of the Kubernetes programs
.TP
.B SEATRIAL_CLUSTER, SEATRIAL_STATE_DIR
the cluster that commands of a suite run on
.TP
.B KUBECONFIG
the cluster of \fBseatrial test\fR where neither \-\-cluster nor \-\-kubeconfig is given
.TP
.B SUDO_UID, SUDO_GID
under sudo: who gets the kubeconfig, the state folder's entry and the reports
.TP
.B TERM, NO_COLOR
whether the console is live and coloured
.SH FILES
.TP
.I /var/lib/seatrial/NAME
one cluster: kubeconfig, keys, logs, data; see \-\-state\-dir
.TP
.I PREFIX/libexec/seatrial
the Kubernetes programs of an installation, and the sandbox container's program
)";

void PrintCompletion(const CLI::App& program, const std::string& shell) {
  const auto words = WordsOf(program);
  const std::string& name = program.get_name();
  fmt::print("{}", shell == "bash"  ? BashCompletion(name, words)
                   : shell == "zsh" ? ZshCompletion(name, words)
                                    : FishCompletion(name, words));
}

}  // namespace

void AddSelfCommands(CLI::App& app, Context& context, const std::string& version) {
  CLI::App* completion =
      app.add_subcommand("completion", "print a script that completes seatrial's words in a shell");
  const auto shell = std::make_shared<std::string>();
  completion->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->footer(
      "Examples:\n  source <(seatrial completion bash)\n"
      "  seatrial completion fish > ~/.config/fish/completions/seatrial.fish");
  completion->callback([&app, &context, shell] {
    PrintCompletion(app, *shell);
    context.exit_code = kPassed;
  });

  CLI::App* man = app.add_subcommand("man", "print the manual page (roff)");
  man->footer("Example:\n  seatrial man | man -l -");
  man->callback([&app, &context, version] {
    fmt::print("{}", ManPage(app.get_name(), version, WordsOf(app), kEnding));
    context.exit_code = kPassed;
  });
}

}  // namespace app
