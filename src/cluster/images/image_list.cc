#include "cluster/images/image_list.h"

#include <algorithm>

#include "base/text.h"
#include "value/yaml.h"

namespace cluster::images {
namespace {

using base::Code;
using base::Fail;
using base::Result;
using value::Json;

// Reads one image of the list; appends what is wrong to `problems`.
class ListReader {
 public:
  ListReader(const value::Document& document, const std::string& file)
      : document_(document), folder_(std::filesystem::path(file).parent_path()) {}

  std::vector<ImageSpec> Read() {
    Check({}, document_.json, {"apiVersion", "kind", "images"});
    if (value::FindString(document_.json, {"apiVersion"}) != "seatrial.dev/v1" ||
        value::FindString(document_.json, {"kind"}) != "ImageList") {
      Report({}, "expected apiVersion: seatrial.dev/v1 and kind: ImageList");
    }
    std::vector<ImageSpec> specs;
    const Json* images = value::Find(document_.json, {"images"});
    if (!images || !images->is_array() || images->empty()) {
      Report({"images"}, "images must be a list with at least one image");
      return specs;
    }
    for (size_t i = 0; i < images->size(); ++i)
      specs.push_back(ReadImage({"images", std::to_string(i)}, (*images)[i]));
    return specs;
  }

  const std::vector<std::string>& problems() const { return problems_; }

 private:
  using Path = std::vector<std::string>;

  void Report(const Path& path, const std::string& message) {
    const value::Mark mark = document_.At(path);
    problems_.push_back(
        fmt::format("{}:{}:{}: {}", document_.file, mark.line, mark.column, message));
  }

  void Check(const Path& path, const Json& json, const std::vector<std::string>& fields) {
    if (!json.is_object()) return Report(path, "expected a mapping");
    for (const auto& [key, unused] : json.items()) {
      if (std::find(fields.begin(), fields.end(), key) != fields.end()) continue;
      Path at = path;
      at.push_back(key);
      Report(at, fmt::format("unknown field \"{}\"{}", key, base::DidYouMean(key, fields)));
    }
  }

  std::string Text(const Path& path, const Json& json, const char* field, bool required) {
    const std::string text = value::FindString(json, {field});
    if (required && text.empty()) Report(path, fmt::format("{} is missing or not a text", field));
    return text;
  }

  ImageSpec ReadImage(const Path& path, const Json& json) {
    Check(path, json, {"repository", "program", "files", "caCertificates", "user"});
    ImageSpec spec{.repository = Text(path, json, "repository", true),
                   .program = Text(path, json, "program", true)};
    if (spec.program.find('/') != std::string::npos)
      Report(path, "program must be a file name, not a path");
    if (const Json* certificates = value::Find(json, {"caCertificates"}))
      spec.ca_certificates = *certificates == true;
    if (const Json* user = value::Find(json, {"user"})) {
      if (user->is_number_integer() && *user >= 0)
        spec.user = user->get<int>();
      else
        Report(path, "user must be a number");
    }
    if (const Json* files = value::Find(json, {"files"})) {
      for (size_t i = 0; i < files->size(); ++i) spec.files.push_back(ReadEntry(path, (*files)[i]));
    }
    return spec;
  }

  ImageSpec::File ReadEntry(const Path& path, const Json& json) {
    Check(path, json, {"from", "to", "mode"});
    ImageSpec::File file{.from = (folder_ / Text(path, json, "from", true)).string(),
                         .to = Text(path, json, "to", true)};
    if (file.to.empty() || file.to.front() != '/')
      Report(path, "to must be an absolute path in the image");
    if (const Json* mode = value::Find(json, {"mode"}); mode && mode->is_number_integer())
      file.mode = mode->get<int>();
    return file;
  }

  const value::Document& document_;
  std::filesystem::path folder_;
  std::vector<std::string> problems_;
};

}  // namespace

Result<std::vector<ImageSpec>> ParseImageList(std::string_view text, const std::string& file) {
  const value::ParsedYaml parsed = value::ParseYaml(text, file);
  std::vector<std::string> problems;
  for (const value::Problem& problem : parsed.problems) problems.push_back(problem.Format());
  if (parsed.documents.size() != 1)
    problems.push_back(
        fmt::format("{}: expected one document, found {}", file, parsed.documents.size()));
  if (!problems.empty()) return Fail(Code::kInvalid, "{}", base::Join(problems, "\n"));
  ListReader reader(parsed.documents[0], file);
  std::vector<ImageSpec> specs = reader.Read();
  if (!reader.problems().empty())
    return Fail(Code::kInvalid, "{}", base::Join(reader.problems(), "\n"));
  return specs;
}

}  // namespace cluster::images
