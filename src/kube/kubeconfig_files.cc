#include "kube/kubeconfig_files.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "kube/text_file.h"
#include "value/yaml.h"

namespace kube {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Fail;
using base::Result;
using value::Json;

// The lists of a kubeconfig, what an element holds, and which of its fields are names of files.
struct NamedList {
  const char* list;
  const char* entry;
  std::array<const char*, 3> files;
};
constexpr NamedList kLists[] = {
    {"clusters", "cluster", {"certificate-authority", "", ""}},
    {"contexts", "context", {"", "", ""}},
    {"users", "user", {"client-certificate", "client-key", "tokenFile"}},
};

Result<Json> ReadConfig(const fs::path& file) {
  const std::string text = TRY(ReadTextFile(file).During("kubeconfig"));
  value::ParsedYaml parsed = value::ParseYaml(text, file.string());
  for (const value::Problem& problem : parsed.problems)
    if (!problem.warning) return Fail(Code::kInvalid, "{}", problem.Format());
  if (parsed.documents.empty()) return Json::object();
  if (parsed.documents.size() != 1 || !parsed.documents[0].json.is_object())
    return Fail(Code::kInvalid, "{}: a kubeconfig is one YAML document of kind Config",
                file.string());
  return std::move(parsed.documents[0].json);
}

void MakeAbsolute(Json& element, const NamedList& list, const fs::path& folder) {
  if (!element.is_object() || !element.contains(list.entry) || !element[list.entry].is_object())
    return;
  Json& entry = element[list.entry];
  for (const std::string field : list.files) {
    const std::string name = value::FindString(entry, {field});
    if (!field.empty() && !name.empty())
      entry[field] = fs::absolute(folder / name).lexically_normal().string();
  }
}

void MergeList(Json& into, const Json& config, const NamedList& list, const fs::path& folder) {
  const Json* elements = value::Find(config, {list.list});
  if (elements == nullptr || !elements->is_array()) return;
  Json& target = into[list.list];
  for (Json element : *elements) {
    const std::string name = value::FindString(element, {"name"});
    const bool known = std::any_of(target.begin(), target.end(), [&](const Json& one) {
      return value::FindString(one, {"name"}) == name;
    });
    if (known) continue;
    MakeAbsolute(element, list, folder);
    target.push_back(std::move(element));
  }
}

}  // namespace

std::vector<fs::path> SplitKubeconfigNames(const std::string& names) {
  std::vector<fs::path> files;
  for (const std::string& name : base::Split(names, ':'))
    if (!name.empty()) files.emplace_back(name);
  return files;
}

Result<std::string> MergeKubeconfigs(const std::vector<fs::path>& files,
                                     const std::string& context) {
  Json merged = {{"apiVersion", "v1"}, {"kind", "Config"}};
  for (const NamedList& list : kLists) merged[list.list] = Json::array();
  std::string current = context;
  bool any = false;
  for (size_t i = 0; i < files.size(); ++i) {
    auto config = ReadConfig(files[i]);
    if (config.Is(Code::kNotFound) && (any || i + 1 < files.size())) continue;
    if (!config.ok()) return config.error();
    any = true;
    if (current.empty()) current = value::FindString(*config, {"current-context"});
    for (const NamedList& list : kLists)
      MergeList(merged, *config, list, fs::absolute(files[i]).parent_path());
  }
  if (!any) return Fail(Code::kNotFound, "no kubeconfig file is named");
  merged["current-context"] = current;
  return value::ToYaml(merged);
}

Result<ClusterAccess> LoadKubeconfigs(const std::vector<fs::path>& files,
                                      const std::string& context) {
  const std::string text = TRY(MergeKubeconfigs(files, context));
  std::vector<std::string> names;
  for (const fs::path& file : files) names.push_back(file.string());
  return ReadKubeconfig(text, ".", context).During(base::Join(names, ", "));
}

}  // namespace kube
