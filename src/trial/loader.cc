#include "trial/loader.h"

#include <algorithm>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "sys/files.h"
#include "trial/names.h"
#include "trial/read.h"
#include "trial/words.h"

namespace trial {
namespace {

namespace fs = std::filesystem;
using Documents = std::vector<std::shared_ptr<const value::Document>>;

constexpr size_t kLargestFile = size_t{64} << 20;

Place FileStart(const std::string& file) {
  return {file, {}};
}

std::optional<std::string> ReadText(const fs::path& path, Problems& problems) {
  auto text = sys::ReadFile(path, kLargestFile);
  if (text.ok()) return *std::move(text);
  problems.Error(FileStart(path.string()), text.error().message());
  return std::nullopt;
}

Documents ParseDocuments(std::string_view text, const std::string& name, Problems& problems) {
  Documents documents;
  value::ParsedYaml parsed = value::ParseYaml(text, name);
  problems.Add(std::move(parsed.problems));
  for (value::Document& document : parsed.documents)
    documents.push_back(std::make_shared<const value::Document>(std::move(document)));
  return documents;
}

// The documents of a file; nothing when it cannot be read, which is a problem.
Documents ReadDocuments(const fs::path& path, Problems& problems) {
  const auto text = ReadText(path, problems);
  return text ? ParseDocuments(*text, path.string(), problems) : Documents();
}

// A copy without its marks would lose the places, so manifests share the document.
void AddManifests(const std::shared_ptr<const value::Document>& document,
                  std::vector<Manifest>& manifests, Problems& problems) {
  const auto add = [&](const value::Json& json, std::vector<std::string> prefix) {
    Manifest manifest{kube::Object(json), document, std::move(prefix)};
    value::NormalizeNumbers(manifest.object.json());
    if (!json.is_object() || value::FindString(json, {"kind"}).empty() ||
        value::FindString(json, {"apiVersion"}).empty()) {
      problems.Error(manifest.At(), "an object needs apiVersion and kind");
      return;
    }
    manifests.push_back(std::move(manifest));
  };
  const value::Json* items = value::Find(document->json, {"items"});
  const bool list = value::FindString(document->json, {"kind"}) == "List" && items != nullptr &&
                    items->is_array();
  if (!list) return add(document->json, {});
  for (size_t i = 0; i < items->size(); ++i) add((*items)[i], {"items", std::to_string(i)});
}

// Sorted by name: kuttl's order.
std::vector<fs::directory_entry> Entries(const fs::path& directory, Problems& problems) {
  std::error_code error;
  std::vector<fs::directory_entry> entries;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error))
    entries.push_back(*at);
  if (error) problems.Error(FileStart(directory.string()), error.message());
  std::sort(entries.begin(), entries.end());
  return entries;
}

bool IsIgnored(const std::string& name, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return MatchesPattern(pattern, name).ValueOr(false);
  });
}

// Puts one step together from its files, in order.
class StepBuilder {
 public:
  StepBuilder(uint32_t index, const fs::path& directory, const LoadOptions& options,
              Problems& problems, Test& test)
      : directory_(directory), options_(options), problems_(problems), test_(test) {
    step_.index = static_cast<int>(index);
  }

  void AddFile(const fs::path& path, const FileName& name) {
    if (step_.file.empty()) step_.file = path.string();
    const Documents documents =
        name.is_template ? RenderDocuments(path) : ReadDocuments(path, problems_);
    if (!IsOfThisRun(documents)) {
      test_.left_out.push_back(path.string());
      return;
    }
    if (name.type == FileType::kApply && apply_name_.empty()) apply_name_ = name.name;
    std::optional<StepSpec> step;
    for (const auto& document : documents) {
      if (IsKuttlKind(*document, "TestFile")) continue;
      if (IsKuttlKind(*document, "TestStep")) {
        if (name.type != FileType::kApply) WarnOfPlace(*document, "TestStep", "apply file");
        AddStepSpec(*document);
        step = step_spec_;
      } else {
        AddDocument(document, name.type);
      }
    }
    if (step) AddReferences(*step);
  }

  // What its TestStep says of the whole test.
  TestRules Rules() const { return step_spec_ ? step_spec_->rules : TestRules{}; }

  // A file, directory or URL as it is named, from the command line.
  void AddLoose(const std::string& name, FileType type) {
    if (step_.file.empty()) step_.file = name;
    AddNamed({name, {}}, name, type);
  }

  Step Take() {
    step_.name = step_spec_ && !step_spec_->name.empty() ? step_spec_->name : apply_name_;
    if (step_spec_) {
      step_.deletes = std::move(step_spec_->deletes);
      step_.commands = std::move(step_spec_->commands);
      step_.on_failure = std::move(step_spec_->on_failure);
      step_.at_end = std::move(step_spec_->at_end);
      step_.limit = step_spec_->limit;
      step_.expand = step_spec_->expand;
      step_.cluster = std::move(step_spec_->cluster);
      std::string& kubeconfig = step_.cluster.kubeconfig;
      kubeconfig = ExpandVariables(kubeconfig, options_.environment);
      if (!kubeconfig.empty())
        kubeconfig = fs::absolute(directory_ / kubeconfig).lexically_normal().string();
      step_.fail_early = step_spec_->fail_early;
    }
    if (step_.check && step_.check->fail_early) step_.fail_early = step_.check->fail_early;
    return std::move(step_);
  }

 private:
  Documents RenderDocuments(const fs::path& path) {
    Documents documents;
    if (options_.evaluation == nullptr) {
      problems_.Error(FileStart(path.string()), "templates cannot be filled in here");
      return documents;
    }
    const auto text = ReadText(path, problems_);
    if (!text) return documents;
    if (test_.ns.empty()) test_.ns = options_.evaluation->NewNamespace();
    for (value::Document& document :
         options_.evaluation->Render(path.string(), *text, test_.ns, problems_))
      documents.push_back(std::make_shared<const value::Document>(std::move(document)));
    return documents;
  }

  // What the file's TestFile, wherever in it, says about this run.
  bool IsOfThisRun(const Documents& documents) {
    std::optional<Place> first;
    bool selected = true;
    for (const auto& document : documents) {
      if (!IsKuttlKind(*document, "TestFile")) continue;
      const Place place{document->file, document->At({})};
      if (first) {
        problems_.Error(place,
                        "more than one TestFile in a file: the first is at " + first->Text());
        continue;
      }
      first = place;
      selected = ReadRunSelector(*document, problems_).Selects(options_.run_labels);
    }
    return selected;
  }

  void AddStepSpec(const value::Document& document) {
    StepSpec spec = ReadStep(document, problems_);
    if (step_spec_) {
      problems_.Error(spec.place,
                      fmt::format("more than one TestStep in step {}: the first is at {}",
                                  step_.index, step_spec_->place.Text()));
      return;
    }
    step_spec_ = std::move(spec);
  }

  void WarnOfPlace(const value::Document& document, const char* kind, const char* file) {
    problems_.Warn({document.file, document.At({})},
                   fmt::format("a {0} belongs in an {1}: here it counts, but kuttl looks for an "
                               "object of kind {0} in the cluster and fails",
                               kind, file));
  }

  void AddCheck(const value::Document& document) {
    CheckSpec check = ReadCheck(document, problems_);
    CheckExpressions(check);
    if (step_.check) {
      const bool ours = !step_.check->match.empty() || !step_.check->order.empty() ||
                        !step_.check->outputs.empty();
      if (ours) {
        problems_.Error(step_.check->place,
                        fmt::format("match, order and outputs of this TestAssert would be lost: a "
                                    "step has one, and the last wins, here {}",
                                    check.place.Text()));
      }
      problems_.Warn(step_.check->place,
                     fmt::format("this TestAssert is not used: a step has one, and the last wins, "
                                 "here {}{}",
                                 check.place.Text(),
                                 step_.check->commands.empty() ? "" : "; its commands never run"));
    }
    step_.check = std::move(check);
  }

  void CheckExpressions(const CheckSpec& check) {
    if (options_.evaluation != nullptr) return options_.evaluation->Check(check, problems_);
    if (!check.assert_any.empty() || !check.assert_all.empty())
      problems_.Error(check.place, "expressions (CEL) cannot be checked here");
  }

  void AddDocument(const std::shared_ptr<const value::Document>& document, FileType type) {
    const Place place{document->file, document->At({})};
    if (IsKuttlKind(*document, "TestAssert")) {
      if (type != FileType::kAssert) WarnOfPlace(*document, "TestAssert", "assert file");
      return AddCheck(*document);
    }
    if (IsKuttlKind(*document, "TestFile")) {
      return problems_.Error(place, "a TestFile has no meaning in a file that a TestStep names");
    }
    if (IsKuttlKind(*document, "TestSuite"))
      return problems_.Error(place, "a TestSuite belongs into kuttl-test.yaml, not into a step");
    const std::string kind = value::FindString(document->json, {"kind"});
    if (kind == "TestStep" || kind == "TestAssert") {
      return problems_.Error(
          place, fmt::format("a {} has apiVersion kuttl.dev/v1beta1, found \"{}\"", kind,
                             value::FindString(document->json, {"apiVersion"})));
    }
    AddManifests(document, List(type), problems_);
  }

  std::vector<Manifest>& List(FileType type) {
    if (type == FileType::kAssert) return step_.asserts;
    if (type == FileType::kErrors) return step_.errors;
    return step_.apply;
  }

  void AddReferences(const StepSpec& spec) {
    for (const auto& one : spec.apply) AddReference(one, FileType::kApply);
    for (const auto& one : spec.asserts) AddReference(one, FileType::kAssert);
    for (const auto& one : spec.errors) AddReference(one, FileType::kErrors);
  }

  void AddReference(const StepSpec::Reference& reference, FileType type) {
    AddNamed(reference.place, ExpandVariables(reference.path, options_.environment), type);
  }

  void AddNamed(const Place& place, const std::string& text, FileType type) {
    if (IsUrl(text)) return AddUrl(place, text, type);
    const fs::path path = (directory_ / text).lexically_normal();
    std::error_code error;
    if (text.empty() || !fs::exists(path, error)) {
      return problems_.Error(place, fmt::format("{}: no such file or directory (relative to {})",
                                                text, directory_.string()));
    }
    if (!fs::is_directory(path, error)) return AddReferencedFile(path, type);
    for (const auto& entry : Entries(path, problems_)) {
      if (entry.path().extension() == ".yaml" && !entry.is_directory(error))
        AddReferencedFile(entry.path(), type);
    }
  }

  void AddUrl(const Place& place, const std::string& url, FileType type) {
    if (options_.remote == nullptr)
      return problems_.Error(place, url + ": nothing is fetched from URLs here");
    const auto text = options_.remote->Read(url);
    if (!text.ok()) return problems_.Error(place, text.error().message());
    AddReferenced(ParseDocuments(*text, url, problems_), type);
  }

  void AddReferencedFile(const fs::path& path, FileType type) {
    AddReferenced(ReadDocuments(path, problems_), type);
  }

  void AddReferenced(const Documents& documents, FileType type) {
    for (const auto& document : documents) {
      if (IsKuttlKind(*document, "TestStep")) {
        problems_.Error({document->file, document->At({})},
                        "a TestStep cannot be in a file that a TestStep names");
      } else {
        AddDocument(document, type);
      }
    }
  }

  fs::path directory_;
  const LoadOptions& options_;
  Problems& problems_;
  Test& test_;
  Step step_;
  std::string apply_name_;
  std::optional<StepSpec> step_spec_;
};

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
