#include "trial/command_files.h"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <utility>

#include "base/text.h"
#include "trial/words.h"

namespace trial {
namespace {

bool IsOneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool IsInterpreter(std::string_view word) {
  return IsOneOf(word, {"sh", "bash", "dash", "python3", "python", "perl", "/bin/sh", "/bin/bash"});
}

// A file by the look of it, and by one name only.
bool IsPlainPath(std::string_view word) {
  if (word.find_first_of("$*?[]{}~`<>|&;()=\"' ") != std::string_view::npos) return false;
  return word.find('/') != std::string_view::npos || word.ends_with(".sh") ||
         word.ends_with(".py") || word.ends_with(".pl");
}

// The script that an interpreter is given: its first word that is no flag.
void AddScriptOf(const std::vector<std::string>& words, size_t interpreter,
                 std::vector<NamedFile>& files) {
  for (size_t i = interpreter + 1; i < words.size(); ++i) {
    if (words[i].starts_with('-')) {
      const bool text_follows = words[i].find_first_of("cmo") != std::string::npos;
      if (text_follows) return;  // sh -c TEXT, python3 -m MODULE, bash -o OPTION
      continue;
    }
    if (IsPlainPath(words[i])) files.push_back({words[i], NamedFile::Kind::kScript});
    return;
  }
}

// One simple command of a script: words up to an operator.
class ScriptReader {
 public:
  // False: what follows cannot be told.
  bool Take(const std::vector<std::string>& words) {
    std::vector<std::string> command;
    for (const std::string& raw : words) {
      if (raw.starts_with("<<")) return false;
      const bool ends = raw.ends_with(';') && raw != ";";
      const std::string word = ends ? raw.substr(0, raw.size() - 1) : raw;
      if (IsOneOf(word, {"&&", "||", "|", ";", "&", "(", ")", "{", "}"})) {
        if (!Run(command)) return false;
        continue;
      }
      if (command.empty() && IsOneOf(word, {"if", "then", "elif", "else", "while", "until", "do",
                                            "!", "exec", "time", "env", "timeout"}))
        continue;
      const bool assignment = command.empty() && word.find('=') != std::string::npos;
      if (!assignment) command.push_back(word);
      if (ends && !Run(command)) return false;
    }
    return Run(command);
  }

  std::vector<NamedFile> Files() { return std::move(files_); }

 private:
  bool Run(std::vector<std::string>& command) {
    const std::vector<std::string> words = std::exchange(command, {});
    if (words.empty()) return true;
    if (IsOneOf(words[0], {"cd", "pushd", "chdir"})) return false;
    std::vector<NamedFile> named;
    if (IsInterpreter(words[0])) {
      AddScriptOf(words, 0, named);
    } else if (IsOneOf(words[0], {".", "source"}) && words.size() > 1) {
      if (IsPlainPath(words[1])) named.push_back({words[1], NamedFile::Kind::kScript});
    } else if (IsPlainPath(words[0]) && words[0].starts_with('.')) {
      named.push_back({words[0], NamedFile::Kind::kProgram});
    }
    for (NamedFile& one : named)
      if (seen_.count(one.path) == 0) files_.push_back(std::move(one));
    seen_.insert(words.begin(), words.end());
    return true;
  }

  std::set<std::string> seen_;  // all words of the commands before
  std::vector<NamedFile> files_;
};

}  // namespace

std::vector<NamedFile> FilesOfCommand(const std::vector<std::string>& words) {
  std::vector<NamedFile> files;
  if (words.empty()) return files;
  files.push_back({words[0], NamedFile::Kind::kProgram});
  if (IsInterpreter(words[0])) AddScriptOf(words, 0, files);
  return files;
}

std::vector<NamedFile> FilesOfScript(std::string_view script) {
  ScriptReader reader;
  std::string line;
  for (const std::string& raw : base::Split(script, '\n')) {
    line += raw;
    if (line.ends_with('\\')) {
      line.back() = ' ';
      continue;
    }
    const auto words = SplitWords(line);
    line.clear();
    if (!words.ok() || !reader.Take(*words)) break;
  }
  return reader.Files();
}

}  // namespace trial
