#include "trial/documents.h"

#include <algorithm>
#include <system_error>

#include "sys/files.h"

namespace trial {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLargestFile = size_t{64} << 20;

}  // namespace

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

Documents ReadDocuments(const fs::path& path, Problems& problems) {
  const auto text = ReadText(path, problems);
  return text ? ParseDocuments(*text, path.string(), problems) : Documents();
}

void AddManifests(const std::shared_ptr<const value::Document>& document,
                  std::vector<Manifest>& manifests, Problems& problems) {
  const auto add = [&](const value::Json& json, std::vector<std::string> prefix) {
    // A copy without its marks would lose the places, so manifests share the document.
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

std::vector<fs::directory_entry> Entries(const fs::path& directory, Problems& problems) {
  std::error_code error;
  std::vector<fs::directory_entry> entries;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error))
    entries.push_back(*at);
  if (error) problems.Error(FileStart(directory.string()), error.message());
  std::sort(entries.begin(), entries.end());
  return entries;
}

}  // namespace trial
