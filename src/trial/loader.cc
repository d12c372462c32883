#include "trial/loader.h"

#include <algorithm>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "trial/documents.h"
#include "trial/names.h"
#include "trial/read.h"
#include "trial/step_builder.h"

namespace trial {
namespace {

namespace fs = std::filesystem;

bool IsIgnored(const std::string& name, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return MatchesPattern(pattern, name).ValueOr(false);
  });
}

// A step directory gives all its files; here even a name out of pattern is an error, as in kuttl.
void AddStepDirectory(const fs::path& directory, StepBuilder& builder, Problems& problems) {
  for (const auto& entry : Entries(directory, problems)) {
    const std::string name = entry.path().filename().string();
    const auto parsed = ParseFileName(name);
    std::error_code error;
    if (entry.is_directory(error)) {
      problems.Error(FileStart(entry.path().string()), "a step directory has no sub-directories");
    } else if (!parsed.ok()) {
      problems.Error(FileStart(entry.path().string()),
                     "unrecognized file in a step directory: " + parsed.error().message());
    } else {
      builder.AddFile(entry.path(), *parsed);
    }
  }
}

Test LoadTest(const std::string& suite_dir, const fs::path& directory, const LoadOptions& options,
              Problems& problems) {
  std::error_code error;
  Test test{suite_dir, directory.filename().string(), fs::absolute(directory, error), {}, {}, {}};
  std::map<uint32_t, StepBuilder> steps;
  for (const auto& entry : Entries(directory, problems)) {
    const std::string name = entry.path().filename().string();
    if (IsIgnored(name, options.ignore_files)) continue;
    const auto parsed = ParseFileName(name);
    if (!parsed.ok() || !parsed->index) {
      // Helpers beside the steps are usual; a name that was meant as a step is not.
      const bool meant = !name.empty() && name[0] >= '0' && name[0] <= '9';
      if (meant) {
        problems.Warn(FileStart(entry.path().string()),
                      fmt::format("ignored: {}", parsed.ok() ? "does not begin with a number "
                                                               "followed by one dash"
                                                             : parsed.error().message()));
      }
      continue;
    }
    auto [step, added] =
        steps.try_emplace(*parsed->index, *parsed->index, directory, options, problems, test);
    if (entry.is_directory(error))
      AddStepDirectory(entry.path(), step->second, problems);
    else
      step->second.AddFile(entry.path(), *parsed);
  }
  for (auto& [index, builder] : steps) {
    TestRules rules = builder.Rules();
    if (rules.place && test.rules.place) {
      problems.Error(*rules.place, fmt::format("a test has one block of test settings, the first "
                                               "is at {}",
                                               test.rules.place->Text()));
    }
    if (rules.place) test.rules = std::move(rules);
    test.steps.push_back(builder.Take());
  }
  if (test.steps.empty()) {
    problems.Warn(FileStart(directory.string()),
                  "no step files (NN-name.yaml): the test passes without trying anything");
  }
  return test;
}

}  // namespace

SuiteConfig LoadConfig(const std::string& file, Problems& problems) {
  std::optional<SuiteConfig> suite;
  for (const auto& document : ReadDocuments(file, problems)) {
    const Place place{document->file, document->At({})};
    const std::string kind = value::FindString(document->json, {"kind"});
    if (IsKuttlKind(*document, "TestSuite")) {
      if (suite) problems.Warn(place, "a second TestSuite: it replaces the former one wholly");
      suite = ReadSuite(*document, problems);
    } else if (kind == "TestSuite") {
      problems.Warn(place, fmt::format("ignored: a TestSuite has apiVersion kuttl.dev/v1beta1, "
                                       "found \"{}\"",
                                       value::FindString(document->json, {"apiVersion"})));
    } else {
      problems.Warn(place, fmt::format("ignored: unknown object type \"{}\"", kind));
    }
  }
  SuiteConfig config = suite.value_or(SuiteConfig{});
  config.file = file;
  return config;
}

std::vector<Test> LoadTests(const std::string& suite_dir, const LoadOptions& options,
                            Problems& problems) {
  std::vector<Test> tests;
  std::error_code error;
  fs::path folder = suite_dir;
  if (IsUrl(suite_dir)) {
    const auto unpacked =
        options.remote != nullptr
            ? options.remote->Unpack(suite_dir)
            : base::Error(base::Code::kInvalid, "nothing is fetched from URLs here");
    if (!unpacked.ok()) {
      problems.Error(FileStart(suite_dir), unpacked.error().message());
      return tests;
    }
    folder = *unpacked;
  }
  if (!fs::is_directory(folder, error)) {
    problems.Error(FileStart(suite_dir), "no such directory of tests");
    return tests;
  }
  for (const auto& entry : Entries(folder, problems)) {
    if (!entry.is_directory(error)) continue;
    if (entry.is_symlink(error)) {
      problems.Warn(FileStart(entry.path().string()),
                    "a link to a directory is not a test, as in kuttl: it is left out");
      continue;
    }
    tests.push_back(LoadTest(suite_dir, entry.path(), options, problems));
  }
  return tests;
}

Step LoadAsserts(const std::vector<std::string>& paths, const LoadOptions& options,
                 Problems& problems) {
  Test none;
  StepBuilder builder(0, fs::current_path(), options, problems, none);
  for (const std::string& path : paths) builder.AddLoose(path, FileType::kAssert);
  return builder.Take();
}

Step LoadErrors(const std::vector<std::string>& paths, const LoadOptions& options,
                Problems& problems) {
  Test none;
  StepBuilder builder(0, fs::current_path(), options, problems, none);
  for (const std::string& path : paths) builder.AddLoose(path, FileType::kErrors);
  return builder.Take();
}

std::vector<Manifest> LoadManifests(const std::string& directory, Problems& problems) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error)) {
    const std::string extension = at->path().extension().string();
    const bool manifest = extension == ".yaml" || extension == ".yml" || extension == ".json";
    std::error_code unused;
    if (manifest && !at->is_directory(unused)) files.push_back(at->path());
  }
  if (error) problems.Error(FileStart(directory), error.message());
  std::sort(files.begin(), files.end());
  std::vector<Manifest> manifests;
  for (const fs::path& file : files)
    for (const auto& document : ReadDocuments(file, problems))
      AddManifests(document, manifests, problems);
  return manifests;
}

}  // namespace trial
