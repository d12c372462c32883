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

  // 0 to a million, which suits all numbers of the list.
  int64_t Number(const Path& path, const Json& json, const char* field, int64_t otherwise) {
    const Json* number = value::Find(json, {field});
    if (!number) return otherwise;
    if (number->is_number_integer() && *number >= 0 && *number <= 1'000'000)
      return number->get<int64_t>();
    Report(path, fmt::format("{} must be a number from 0 to 1000000", field));
    return otherwise;
  }

  std::vector<std::string> Texts(const Path& path, const Json& json, const char* field) {
    std::vector<std::string> texts;
    const Json* list = value::Find(json, {field});
    if (!list) return texts;
    for (const Json& item : list->is_array() ? *list : Json::array({nullptr})) {
      if (!item.is_string()) {
        Report(path, fmt::format("{} must be a list of texts", field));
        return {};
      }
      texts.push_back(item.get<std::string>());
    }
    return texts;
  }

  ImageSpec ReadImage(const Path& path, const Json& json) {
    Check(path, json,
          {"repository", "program", "arguments", "tools", "files", "caCertificates", "user",
           "maxMegabytes"});
    ImageSpec spec{.repository = Text(path, json, "repository", true),
                   .program = Text(path, json, "program", true)};
    spec.arguments = Texts(path, json, "arguments");
    spec.tools = Texts(path, json, "tools");
    if (spec.program.find('/') != std::string::npos)
      Report(path, "program must be a file name, not a path");
    for (const std::string& tool : spec.tools) {
      if (tool.empty() || tool.find('/') != std::string::npos)
        Report(path, "tools must be file names, not paths");
    }
    spec.most_bytes = static_cast<size_t>(Number(path, json, "maxMegabytes", 0)) * 1'000'000;
    spec.user = static_cast<int>(Number(path, json, "user", spec.user));
    if (const Json* certificates = value::Find(json, {"caCertificates"}))
      spec.ca_certificates = *certificates == true;
    if (const Json* files = value::Find(json, {"files"})) {
      if (!files->is_array()) Report(path, "files must be a list");
      for (const Json& file : files->is_array() ? *files : Json::array())
        spec.files.push_back(ReadEntry(path, file));
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
