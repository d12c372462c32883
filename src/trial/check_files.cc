#include <unistd.h>

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "base/text.h"
#include "sys/files.h"
#include "trial/checker.h"
#include "trial/command_files.h"
#include "trial/names.h"
#include "trial/read.h"
#include "trial/steps/command.h"

namespace trial {
namespace {

namespace fs = std::filesystem;

// Larger files beside the steps are data, not YAML that somebody has misnamed.
constexpr size_t kLargestHelper = size_t{256} << 10;

bool IsFile(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

std::vector<fs::path> Sorted(const fs::path& directory) {
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error))
    paths.push_back(at->path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

bool IsStepFile(const fs::path& path) {
  const auto name = ParseFileName(path.filename().string());
  return name.ok() && name->index && name->has_extension && IsFile(path);
}

// All that commands and lists of a test say: a helper file that is named there is in use.
std::string Mentions(const Test& test) {
  std::string text;
  const auto add = [&](const std::vector<CommandSpec>& commands) {
    for (const CommandSpec& one : commands) text += one.command + "\n" + one.script + "\n";
  };
  const auto add_sources = [&](const std::vector<Manifest>& manifests) {
    for (const Manifest& one : manifests) text += one.source->file + "\n";
  };
  for (const Step& step : test.steps) {
    for (const auto* commands : {&step.commands, &step.on_failure, &step.at_end}) add(*commands);
    if (step.check) add(step.check->commands);
    for (const auto* list : {&step.apply, &step.asserts, &step.errors}) add_sources(*list);
  }
  return text;
}

class FileChecker {
 public:
  FileChecker(const LoadedFiles& suite, const CheckSettings& settings, Problems& problems)
      : suite_(suite), settings_(settings), problems_(problems) {
    const auto path = settings.environment.find("PATH");
    folders_.push_back(settings.working_directory / "bin");
    if (!settings.kubernetes_bin.empty()) folders_.push_back(settings.kubernetes_bin);
    if (path != settings.environment.end())
      for (const std::string& folder : base::Split(path->second, ':'))
        folders_.emplace_back(folder);
  }

  void Run() {
    for (const std::string& directory : suite_.config.test_dirs) CheckSuiteDirectory(directory);
    for (const CommandSpec& one : suite_.config.commands)
      CheckCommand(one, settings_.working_directory);
    for (const PlannedTest& one : suite_.plan.tests) CheckTest(one.test);
  }

 private:
  void CheckSuiteDirectory(const fs::path& directory) {
    for (const fs::path& path : Sorted(directory)) {
      if (!IsStepFile(path)) continue;
      problems_.Warn({path.string(), {}},
                     fmt::format("not run: {} is a directory of tests, and each of its "
                                 "sub-directories is one; a step file lies in one of them",
                                 directory.string()));
    }
  }

  void CheckTest(const Test& test) {
    const std::string mentions = Mentions(test);
    for (const fs::path& path : Sorted(DirectoryAsGiven(test))) {
      const std::string name = path.filename().string();
      const auto parsed = ParseFileName(name);
      if (parsed.ok() && parsed->index) continue;
      if (IsIgnored(name) || mentions.find(name) != std::string::npos) continue;
      std::error_code error;
      if (fs::is_directory(path, error))
        CheckNested(path);
      else
        CheckHelper(path, parsed);
    }
    for (const CommandSpec& one : test.rules.on_failure) CheckCommand(one, test.directory);
    for (const Step& step : test.steps) {
      for (const auto* commands : {&step.commands, &step.on_failure, &step.at_end})
        for (const CommandSpec& one : *commands) CheckCommand(one, test.directory);
      if (!step.check) continue;
      for (const CommandSpec& one : step.check->commands) CheckCommand(one, test.directory);
    }
  }

  // As the user writes it, so that messages do.
  static fs::path DirectoryAsGiven(const Test& test) { return fs::path(test.suite) / test.name; }

  bool IsIgnored(const std::string& name) const {
    const auto& patterns = suite_.config.ignore_files;
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
      return MatchesPattern(pattern, name).ValueOr(false);
    });
  }

  void CheckNested(const fs::path& directory) {
    const auto paths = Sorted(directory);
    if (std::none_of(paths.begin(), paths.end(), IsStepFile)) return;
    problems_.Warn({directory.string(), {}},
                   "not run: it holds step files, but a test is an immediate sub-directory of a "
                   "directory of tests, and a step directory's name begins with a number");
  }

  void CheckHelper(const fs::path& path, const base::Result<FileName>& name) {
    const std::string extension = path.extension().string();
    if (extension != ".yaml" && extension != ".yml") return;
    if (name.ok() && name->type != FileType::kApply) {
      problems_.Warn({path.string(), {}},
                     fmt::format("ignored: without a number in front (01-{}) it belongs to no step",
                                 path.filename().string()));
      return;
    }
    const auto text = sys::ReadFile(path, kLargestHelper);
    if (!text.ok() || text->find("kuttl.dev/") == std::string::npos) return;
    for (const value::Document& document : value::ParseYaml(*text, path.string()).documents) {
      for (const char* kind : {"TestStep", "TestAssert", "TestFile"}) {
        if (!IsKuttlKind(document, kind)) continue;
        problems_.Warn({document.file, document.At({})},
                       fmt::format("ignored: this {} is in a file that is no step's: its name does "
                                   "not begin with a number, and nothing names it",
                                   kind));
      }
    }
  }

  void CheckCommand(const CommandSpec& command, const fs::path& directory) {
    if (!command.script.empty()) {
      for (const NamedFile& one : FilesOfScript(command.script)) CheckFile(command, one, directory);
      return;
    }
    CommandSettings settings;
    settings.directory = directory;
    settings.environment = settings_.environment;
    settings.ns = "default";
    const auto words = CommandWords(command, settings);
    // What a variable adds is not known before the run.
    if (command.command.find('$') != std::string::npos) return;
    if (!words.ok()) return problems_.Error(command.place, words.error().message());
    for (const NamedFile& one : FilesOfCommand(*words)) CheckFile(command, one, directory);
    const bool added = command.namespaced && words->size() > 2 && words->back() == settings.ns;
    if (added && std::find(words->begin(), words->end() - 2, "--") != words->end() - 2) {
      problems_.Warn(command.place,
                     "namespaced adds --namespace at the very end, as kuttl does: behind -- it is "
                     "an argument of the command there; write -n $NAMESPACE in front of --");
    }
  }

  void CheckFile(const CommandSpec& command, const NamedFile& file, const fs::path& directory) {
    const bool is_program = file.kind == NamedFile::Kind::kProgram;
    if (is_program && file.path.find('/') == std::string::npos)
      return CheckProgram(command, file.path);
    const fs::path path = directory / file.path;
    if (!IsFile(path)) {
      problems_.Warn(command.place, fmt::format("{}: no such file (relative to {})", file.path,
                                                directory.string()));
    } else if (is_program && access(path.c_str(), X_OK) != 0) {
      problems_.Warn(command.place, fmt::format("{} may not be executed: chmod +x, or sh {}",
                                                file.path, file.path));
    }
  }

  void CheckProgram(const CommandSpec& command, const std::string& name) {
    // A run on a cluster of ours brings them along.
    for (const char* given : {"kubectl", "helm", "seatrial"})
      if (name == given) return;
    const bool found = std::any_of(folders_.begin(), folders_.end(), [&](const fs::path& folder) {
      return access((folder / name).c_str(), X_OK) == 0;
    });
    if (!found)
      problems_.Warn(command.place,
                     fmt::format("there is no program {} in the PATH of this machine", name));
  }

  const LoadedFiles& suite_;
  const CheckSettings& settings_;
  Problems& problems_;
  std::vector<fs::path> folders_;
};

}  // namespace

void CheckFiles(const LoadedFiles& suite, const CheckSettings& settings, Problems& problems) {
  FileChecker(suite, settings, problems).Run();
}

}  // namespace trial
