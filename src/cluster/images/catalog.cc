#include "cluster/images/catalog.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "cluster/images/ingredients.h"
#include "sys/files.h"
#include "value/json.h"

namespace cluster::images {
namespace {

using base::Code;
using base::Fail;
using base::Result;
using value::Json;

constexpr char kIndexFile[] = "images.json";

Result<> WriteIfChanged(const std::filesystem::path& path, const std::string& content) {
  const auto old = sys::ReadFile(path);
  if (old.ok() && *old == content) return base::Ok();
  return sys::WriteFileAtomically(path, content);
}

Result<CatalogImage> WriteImage(const ImageSpec& spec, const ProgramFolders& programs,
                                const std::filesystem::path& folder,
                                const std::vector<CatalogImage>& before, const base::Until& until) {
  const std::string made_from = TRY(Fingerprint(spec, TRY(FindIngredients(spec, programs, until))));
  for (const CatalogImage& image : before) {
    if (image.made_from == made_from && image.size > 0 && std::filesystem::exists(image.archive))
      return image;
  }
  const AssembledImage assembled = TRY(Assemble(spec, programs, until));
  const std::filesystem::path archive = folder / (ShortName(spec) + ".tar");
  TRY(WriteIfChanged(archive, assembled.archive));
  return CatalogImage{.repository = spec.repository,
                      .tag = assembled.name.substr(spec.repository.size() + 1),
                      .digest = assembled.digest,
                      .archive = archive,
                      .size = assembled.size,
                      .made_from = made_from};
}

}  // namespace

Result<std::vector<CatalogImage>> WriteCatalog(const std::vector<ImageSpec>& specs,
                                               const ProgramFolders& programs,
                                               const std::filesystem::path& folder,
                                               const base::Until& until) {
  TRY(sys::MakeDirs(folder));
  std::set<std::string> names;
  for (const ImageSpec& spec : specs) {
    if (!names.insert(ShortName(spec)).second)
      return Fail(Code::kInvalid, "two images are called {}: their archives would be one file",
                  ShortName(spec));
  }
  const auto before = ReadCatalog(folder).ValueOr({});
  std::vector<CatalogImage> images;
  Json index = Json::array();
  for (const ImageSpec& spec : specs) {
    images.push_back(TRY(WriteImage(spec, programs, folder, before, until)));
    const CatalogImage& image = images.back();
    index.push_back({{"repository", image.repository},
                     {"tag", image.tag},
                     {"digest", image.digest},
                     {"archive", image.archive.filename().string()},
                     {"size", image.size},
                     {"madeFrom", image.made_from}});
  }
  TRY(sys::WriteFileAtomically(folder / kIndexFile, index.dump(2) + "\n"));
  return images;
}

Result<std::vector<CatalogImage>> ReadCatalog(const std::filesystem::path& folder) {
  const auto text = sys::ReadFile(folder / kIndexFile);
  if (!text.ok()) {
    return Fail(text.error().code(),
                "{} (make it: seatrial image assemble LIST --programs DIR --out {})",
                text.error().message(), folder.string());
  }
  const Json index = TRY(value::ParseJson(*text).During((folder / kIndexFile).string()));
  std::vector<CatalogImage> images;
  for (const Json& image : index) {
    const Json* size = value::Find(image, {"size"});
    images.push_back({.repository = value::FindString(image, {"repository"}),
                      .tag = value::FindString(image, {"tag"}),
                      .digest = value::FindString(image, {"digest"}),
                      .archive = folder / value::FindString(image, {"archive"}),
                      .size = size && size->is_number_integer() ? size->get<size_t>() : 0,
                      .made_from = value::FindString(image, {"madeFrom"})});
  }
  return images;
}

std::map<std::string, std::string> CatalogEnvironment(const std::vector<CatalogImage>& images) {
  std::map<std::string, std::string> environment;
  for (const CatalogImage& image : images) {
    std::string name = "SEATRIAL_IMAGE_" + image.repository.substr(image.repository.rfind('/') + 1);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return std::isalnum(c) ? std::toupper(c) : '_'; });
    environment[name] = image.repository + ":" + image.tag;
    environment[name + "_REPOSITORY"] = image.repository;
    environment[name + "_TAG"] = image.tag;
  }
  return environment;
}

}  // namespace cluster::images
