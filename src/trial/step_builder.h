#pragma once

// Puts one step of a test together from its files.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "trial/documents.h"
#include "trial/fields.h"
#include "trial/loader.h"
#include "trial/names.h"
#include "trial/read.h"
#include "trial/suite.h"

namespace trial {

// One step; its files are added in the order in which kuttl reads them. All that is wrong with them
// goes into `problems`. Borrows all that it is given until Take.
class StepBuilder {
 public:
  // `directory` is where relative references start. A file that is not of this run is noted in
  // `test`, and a template gives it its namespace.
  StepBuilder(uint32_t index, const std::filesystem::path& directory, const LoadOptions& options,
              Problems& problems, Test& test);

  // A file of the test's or the step's directory.
  void AddFile(const std::filesystem::path& path, const FileName& name);

  // A file, directory or URL as it is named on the command line.
  void AddLoose(const std::string& name, FileType type);

  // What its TestStep says of the whole test.
  TestRules Rules() const { return step_spec_ ? step_spec_->rules : TestRules{}; }

  // The step; nothing may be called afterwards.
  Step Take();

 private:
  // The documents of a template, filled in.
  Documents RenderDocuments(const std::filesystem::path& path);
  // What the file's TestFile, wherever in it, says about this run.
  bool IsOfThisRun(const Documents& documents);
  void AddStepSpec(const value::Document& document);
  void AddCheck(const value::Document& document);
  void CheckExpressions(const CheckSpec& check);
  void WarnOfPlace(const value::Document& document, const char* kind, const char* file);
  // Anything but a TestStep.
  void AddDocument(const std::shared_ptr<const value::Document>& document, FileType type);
  std::vector<Manifest>& List(FileType type);
  // The files that a TestStep names.
  void AddReferences(const StepSpec& spec);
  void AddReference(const StepSpec::Reference& reference, FileType type);
  void AddNamed(const Place& place, const std::string& text, FileType type);
  void AddUrl(const Place& place, const std::string& url, FileType type);
  void AddReferenced(const Documents& documents, FileType type);

  std::filesystem::path directory_;
  const LoadOptions& options_;
  Problems& problems_;
  Test& test_;
  Step step_;
  std::string apply_name_;  // of the first apply file
  std::optional<StepSpec> step_spec_;
};

}  // namespace trial
