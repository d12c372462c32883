#include "app/seatrial/words_of.h"

#include <algorithm>

#include "base/text.h"

namespace app {
namespace {

// CLI11 describes a closed set as "TEXT:{xml,json}".
std::vector<std::string> Choices(const std::string& type) {
  const size_t open = type.find('{');
  const size_t close = type.find('}');
  if (open == std::string::npos || close == std::string::npos || close < open) return {};
  return base::Split(std::string_view(type).substr(open + 1, close - open - 1), ',');
}

FlagWords WordsOfFlag(const CLI::Option& option) {
  FlagWords flag;
  if (!option.get_snames().empty()) flag.brief = option.get_snames().front();
  flag.name = option.get_lnames().front();
  if (option.get_items_expected_max() > 0) {
    const std::string type = option.get_type_name();
    flag.choices = Choices(type);
    flag.value =
        flag.choices.empty() ? type.substr(0, type.find(':')) : type.substr(type.find('{'));
  }
  flag.text = option.get_description();
  const std::string standard = option.get_default_str();
  if (!standard.empty() && standard != "\"\"" && standard != "[]")
    flag.text += " (default: " + std::string(base::Trim(standard)) + ")";
  return flag;
}

CommandWords WordsOfCommand(const CLI::App& command, std::vector<std::string> path) {
  CommandWords words{std::move(path), command.get_description(), command.get_footer(), {}, {}, {}};
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty()) continue;
    if (option->get_positional()) {
      const bool many = option->get_items_expected_max() > 1;
      words.operands.push_back(base::Lower(option->get_name(true)) + (many ? "..." : ""));
    } else if (!option->get_lnames().empty()) {
      words.flags.push_back(WordsOfFlag(*option));
    }
  }
  for (const CLI::App* child : command.get_subcommands({}))
    if (!child->get_group().empty()) words.commands.push_back(child->get_name());
  return words;
}

void Walk(const CLI::App& command, const std::vector<std::string>& path,
          std::vector<CommandWords>& all) {
  all.push_back(WordsOfCommand(command, path));
  for (const CLI::App* child : command.get_subcommands({})) {
    if (child->get_group().empty()) continue;
    std::vector<std::string> below = path;
    below.push_back(child->get_name());
    Walk(*child, below, all);
  }
}

}  // namespace

std::vector<CommandWords> WordsOf(const CLI::App& program) {
  std::vector<CommandWords> all;
  Walk(program, {}, all);
  return all;
}

}  // namespace app
