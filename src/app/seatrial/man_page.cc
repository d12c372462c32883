#include "app/seatrial/man_page.h"

#include <fmt/format.h>

#include "base/text.h"

namespace app {
namespace {

// Text as roff takes it: a line must not begin with a request, and a dash is a minus.
std::string Roff(std::string_view text) {
  std::string written;
  bool begins = true;
  for (const char c : text) {
    if (begins && (c == '.' || c == '\'')) written += "\\&";
    if (c == '\\') {
      written += "\\e";
    } else if (c == '-') {
      written += "\\-";
    } else {
      written += c;
    }
    begins = c == '\n';
  }
  return written;
}

std::string Usage(const std::string& program, const CommandWords& command) {
  std::string usage = "\\fB" + Roff(program);
  for (const std::string& word : command.path) usage += " " + Roff(word);
  usage += "\\fR";
  if (!command.flags.empty()) usage += " [\\fIflags\\fR]";
  if (!command.commands.empty()) usage += " \\fIcommand\\fR";
  for (const std::string& operand : command.operands) usage += " [\\fI" + Roff(operand) + "\\fR]";
  return usage;
}

std::string FlagEntry(const FlagWords& flag) {
  std::string entry = ".TP\n";
  if (!flag.brief.empty()) entry += "\\fB\\-" + Roff(flag.brief) + "\\fR, ";
  entry += "\\fB\\-\\-" + Roff(flag.name) + "\\fR";
  if (!flag.value.empty()) entry += " \\fI" + Roff(flag.value) + "\\fR";
  return entry + "\n" + Roff(flag.text) + "\n";
}

// What stands under --help, as it stands there.
std::string Verbatim(const std::string& text) {
  return text.empty() ? "" : ".PP\n.nf\n" + Roff(text) + "\n.fi\n";
}

std::string CommandEntry(const std::string& program, const CommandWords& command) {
  std::string entry = fmt::format(".SS {}\n{}\n", Usage(program, command), Roff(command.text));
  if (!command.commands.empty())
    entry += ".PP\nCommands: " + Roff(base::Join(command.commands, ", ")) + "\n";
  for (const FlagWords& flag : command.flags)
    if (flag.name != "help") entry += FlagEntry(flag);
  return entry + Verbatim(command.footer);
}

std::string Upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

}  // namespace

std::string ManPage(const std::string& program, const std::string& version,
                    const std::vector<CommandWords>& words, const std::string& ending) {
  const CommandWords& whole = words.front();
  std::string page = fmt::format(
      ".TH {} 1 \"\" \"{}\" \"User Commands\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n{}\n"
      ".SH DESCRIPTION\n{}\n.SH COMMANDS\n",
      Upper(program), Roff(version), program, Roff(whole.text), Usage(program, whole),
      Roff(whole.text));
  for (size_t i = 1; i < words.size(); ++i) page += CommandEntry(program, words[i]);
  return page + ending + ".SH EXAMPLES AND EXIT STATUS\n" + Verbatim(whole.footer);
}

}  // namespace app
