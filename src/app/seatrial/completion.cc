#include "app/seatrial/completion.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace app {
namespace {

// "fault kill"; "" for the program itself.
std::string PathOf(const CommandWords& command) {
  return base::Join(command.path, " ");
}

// In single quotes of a shell. The text becomes one line.
std::string Quoted(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// The same for fish, which knows only two escapes there.
std::string FishQuoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c == '\n' ? ' ' : c;
  }
  return quoted + "'";
}

// Every path of commands as patterns of a `case`, for finding which command the line is at.
std::string PathPatterns(const std::vector<CommandWords>& words) {
  std::vector<std::string> patterns;
  for (const CommandWords& command : words)
    if (!command.path.empty()) patterns.push_back(Quoted(PathOf(command)));
  return base::Join(patterns, "|");
}

std::string AllWords(const CommandWords& command) {
  std::vector<std::string> all = command.commands;
  for (const FlagWords& flag : command.flags) all.push_back("--" + flag.name);
  return base::Join(all, " ");
}

// "'up --level') VARIABLE=..." for each flag whose value is of a closed set.
std::string ChoiceCases(const std::vector<CommandWords>& words, const std::string& variable) {
  std::string cases;
  for (const CommandWords& command : words)
    for (const FlagWords& flag : command.flags)
      if (!flag.choices.empty())
        cases += fmt::format("    {}) {}={} ;;\n", Quoted(PathOf(command) + " --" + flag.name),
                             variable, Quoted(base::Join(flag.choices, " ")));
  return cases;
}

const CommandWords* Find(const std::vector<CommandWords>& words,
                         const std::vector<std::string>& path) {
  const auto found = std::find_if(words.begin(), words.end(), [&](const CommandWords& command) {
    return command.path == path;
  });
  return found == words.end() ? nullptr : &*found;
}

std::string TextOf(const std::vector<CommandWords>& words, const CommandWords& parent,
                   const std::string& name) {
  std::vector<std::string> path = parent.path;
  path.push_back(name);
  const CommandWords* child = Find(words, path);
  return child == nullptr ? "" : child->text;
}

// "name:what it is for" as _describe wants it: a colon of the name would end it.
std::string Described(const std::string& name, const std::string& text) {
  return Quoted(name + ":" + text);
}

}  // namespace

std::string BashCompletion(const std::string& program, const std::vector<CommandWords>& words) {
  std::string cases;
  for (const CommandWords& command : words)
    cases +=
        fmt::format("    {}) words={} ;;\n", Quoted(PathOf(command)), Quoted(AllWords(command)));
  return fmt::format(R"(# bash completion of {0}
_{0}() {{
  local at='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at${{at:+ }}${{COMP_WORDS[i]}}" in
    {1}) at+="${{at:+ }}${{COMP_WORDS[i]}}" ;;
    esac
  done
  case "$at" in
{2}  esac
  case "$at ${{COMP_WORDS[COMP_CWORD - 1]}}" in
{3}  esac
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _{0} {0}
)",
                     program, PathPatterns(words), cases, ChoiceCases(words, "words"));
}

std::string ZshCompletion(const std::string& program, const std::vector<CommandWords>& words) {
  std::string cases;
  for (const CommandWords& command : words) {
    std::string list;
    for (const std::string& name : command.commands)
      list += " " + Described(name, TextOf(words, command, name));
    for (const FlagWords& flag : command.flags)
      list += " " + Described("--" + flag.name, flag.text);
    cases += fmt::format("    {}) list=({}) ;;\n", Quoted(PathOf(command)), base::Trim(list));
  }
  return fmt::format(R"(#compdef {0}
# zsh completion of {0}
_{0}() {{
  local at='' choices='' i
  local -a list
  for ((i = 2; i < CURRENT; i++)); do
    case "$at${{at:+ }}${{words[i]}}" in
    {1}) at+="${{at:+ }}${{words[i]}}" ;;
    esac
  done
  case "$at ${{words[CURRENT - 1]}}" in
{2}  esac
  if [[ -n $choices ]]; then
    compadd -- ${{=choices}}
    return
  fi
  case "$at" in
{3}  esac
  _describe {0} list || _files
}}
if [[ $funcstack[1] == _{0} ]]; then _{0} "$@"; else compdef _{0} {0}; fi
)",
                     program, PathPatterns(words), ChoiceCases(words, "choices"), cases);
}

std::string FishCompletion(const std::string& program, const std::vector<CommandWords>& words) {
  std::string paths;
  std::string lines;
  for (const CommandWords& command : words) {
    if (!command.path.empty()) paths += " " + FishQuoted(PathOf(command));
    const std::string begin =
        fmt::format("complete -c {0} -n '__{0}_at \"{1}\"'", program, PathOf(command));
    if (!command.commands.empty()) lines += begin + " -f\n";
    for (const std::string& name : command.commands)
      lines +=
          fmt::format("{} -a {} -d {}\n", begin, name, FishQuoted(TextOf(words, command, name)));
    for (const FlagWords& flag : command.flags) {
      lines += fmt::format("{} -l {}{}", begin, flag.name,
                           flag.brief.empty() ? "" : " -s " + flag.brief);
      if (!flag.choices.empty()) {
        lines += " -x -a " + FishQuoted(base::Join(flag.choices, " "));
      } else if (!flag.value.empty()) {
        lines += " -r";
      }
      lines += " -d " + FishQuoted(flag.text) + "\n";
    }
  }
  return fmt::format(R"(# fish completion of {0}
function __{0}_at
  set -l at
  for word in (commandline -opc)[2..-1]
    if contains -- (string join -- ' ' $at $word){1}
      set at $at $word
    end
  end
  test "$at" = "$argv[1]"
end
{2})",
                     program, paths, lines);
}

}  // namespace app
