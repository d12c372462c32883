#include "trial/step_builder.h"

#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "trial/words.h"

namespace trial {

namespace fs = std::filesystem;

StepBuilder::StepBuilder(uint32_t index, const fs::path& directory, const LoadOptions& options,
                         Problems& problems, Test& test)
    : directory_(directory), options_(options), problems_(problems), test_(test) {
  step_.index = static_cast<int>(index);
}

void StepBuilder::AddFile(const fs::path& path, const FileName& name) {
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

void StepBuilder::AddLoose(const std::string& name, FileType type) {
  if (step_.file.empty()) step_.file = name;
  AddNamed({name, {}}, name, type);
}

Step StepBuilder::Take() {
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

Documents StepBuilder::RenderDocuments(const fs::path& path) {
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

bool StepBuilder::IsOfThisRun(const Documents& documents) {
  std::optional<Place> first;
  bool selected = true;
  for (const auto& document : documents) {
    if (!IsKuttlKind(*document, "TestFile")) continue;
    const Place place{document->file, document->At({})};
    if (first) {
      problems_.Error(place, "more than one TestFile in a file: the first is at " + first->Text());
      continue;
    }
    first = place;
    selected = ReadRunSelector(*document, problems_).Selects(options_.run_labels);
  }
  return selected;
}

void StepBuilder::AddStepSpec(const value::Document& document) {
  StepSpec spec = ReadStep(document, problems_);
  if (step_spec_) {
    problems_.Error(spec.place, fmt::format("more than one TestStep in step {}: the first is at {}",
                                            step_.index, step_spec_->place.Text()));
    return;
  }
  step_spec_ = std::move(spec);
}

void StepBuilder::WarnOfPlace(const value::Document& document, const char* kind, const char* file) {
  problems_.Warn({document.file, document.At({})},
                 fmt::format("a {0} belongs in an {1}: here it counts, but kuttl looks for an "
                             "object of kind {0} in the cluster and fails",
                             kind, file));
}

void StepBuilder::AddCheck(const value::Document& document) {
  CheckSpec check = ReadCheck(document, problems_);
  CheckExpressions(check);
  if (step_.check) {
    const bool ours =
        !step_.check->match.empty() || !step_.check->order.empty() || !step_.check->outputs.empty();
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

void StepBuilder::CheckExpressions(const CheckSpec& check) {
  if (options_.evaluation != nullptr) return options_.evaluation->Check(check, problems_);
  if (!check.assert_any.empty() || !check.assert_all.empty())
    problems_.Error(check.place, "expressions (CEL) cannot be checked here");
}

void StepBuilder::AddDocument(const std::shared_ptr<const value::Document>& document,
                              FileType type) {
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
    return problems_.Error(place,
                           fmt::format("a {} has apiVersion kuttl.dev/v1beta1, found \"{}\"", kind,
                                       value::FindString(document->json, {"apiVersion"})));
  }
  AddManifests(document, List(type), problems_);
}

std::vector<Manifest>& StepBuilder::List(FileType type) {
  if (type == FileType::kAssert) return step_.asserts;
  if (type == FileType::kErrors) return step_.errors;
  return step_.apply;
}

void StepBuilder::AddReferences(const StepSpec& spec) {
  for (const auto& one : spec.apply) AddReference(one, FileType::kApply);
  for (const auto& one : spec.asserts) AddReference(one, FileType::kAssert);
  for (const auto& one : spec.errors) AddReference(one, FileType::kErrors);
}

void StepBuilder::AddReference(const StepSpec::Reference& reference, FileType type) {
  AddNamed(reference.place, ExpandVariables(reference.path, options_.environment), type);
}

void StepBuilder::AddNamed(const Place& place, const std::string& text, FileType type) {
  if (IsUrl(text)) return AddUrl(place, text, type);
  const fs::path path = (directory_ / text).lexically_normal();
  std::error_code error;
  if (text.empty() || !fs::exists(path, error)) {
    return problems_.Error(place, fmt::format("{}: no such file or directory (relative to {})",
                                              text, directory_.string()));
  }
  if (!fs::is_directory(path, error)) return AddReferenced(ReadDocuments(path, problems_), type);
  for (const auto& entry : Entries(path, problems_)) {
    if (entry.path().extension() == ".yaml" && !entry.is_directory(error))
      AddReferenced(ReadDocuments(entry.path(), problems_), type);
  }
}

void StepBuilder::AddUrl(const Place& place, const std::string& url, FileType type) {
  if (options_.remote == nullptr)
    return problems_.Error(place, url + ": nothing is fetched from URLs here");
  const auto text = options_.remote->Read(url);
  if (!text.ok()) return problems_.Error(place, text.error().message());
  AddReferenced(ParseDocuments(*text, url, problems_), type);
}

void StepBuilder::AddReferenced(const Documents& documents, FileType type) {
  for (const auto& document : documents) {
    if (IsKuttlKind(*document, "TestStep")) {
      problems_.Error({document->file, document->At({})},
                      "a TestStep cannot be in a file that a TestStep names");
    } else {
      AddDocument(document, type);
    }
  }
}

}  // namespace trial
