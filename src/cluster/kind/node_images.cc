#include "cluster/kind/node_images.h"

#include <algorithm>

#include "base/text.h"
#include "cluster/images/archive.h"
#include "cluster/images/load.h"
#include "cluster/kind/image_table.h"
#include "sys/files.h"
#include "value/yaml.h"

namespace cluster::kind {

namespace fs = std::filesystem;
using base::Code;
using base::Fail;
using base::Result;
using base::Until;
using value::Json;

namespace {

// Whether a node of kind's configuration names its image. What cannot be read names none: kind
// itself says what is wrong with it.
Result<bool> NamesImages(const fs::path& config) {
  if (config.empty()) return false;
  const auto parsed = value::ParseYaml(TRY(sys::ReadFile(config)), config.string());
  for (const value::Document& document : parsed.documents) {
    const Json* nodes = value::Find(document.json, {"nodes"});
    for (const Json& node : nodes && nodes->is_array() ? *nodes : Json::array())
      if (node.is_object() && node.contains("image")) return true;
  }
  return false;
}

Result<bool> EngineHas(const ContainerEngine& engine, const std::string& image,
                       const Until& until) {
  const sys::Exit exit = TRY(sys::Run(engine.Client({"image", "inspect", image}), until));
  return exit.ok();
}

// The name of the image that the archive holds, which the engine has then.
Result<std::string> EnsureArchive(const ContainerEngine& engine, const fs::path& archive,
                                  const Progress& progress, const Until& until) {
  constexpr std::string_view kLoaded = "Loaded image: ";
  if (const auto name = sys::ReadFile(archive.parent_path() / "name"); name.ok()) {
    const std::string image(base::Trim(*name));
    if (TRY(EngineHas(engine, image, until))) return image;
  }
  progress.note(fmt::format("loading the node image {} into the engine", archive.string()));
  const std::string output =
      TRY(sys::RunOrFail(engine.Client({"load", "--input", archive.string()}), until)
              .During("the node image"));
  for (const std::string& line : base::Split(output, '\n'))
    if (const size_t at = line.find(kLoaded); at != std::string::npos)
      return std::string(base::Trim(line.substr(at + kLoaded.size())));
  return Fail(Code::kInvalid, "{}: the engine found no named image in it", archive.string());
}

Result<> SaveAndLoad(const ContainerEngine& engine, KindCli& cli, const Cluster& cluster,
                     const std::string& image, const fs::path& archive, const Until& until) {
  TRY(sys::RunOrFail(engine.Client({"save", "--output", archive.string(), image}), until));
  return cli.Load(cluster.name, archive, KubernetesNodes(cluster), until);
}

Result<ImageTable> StockOf(const ContainerEngine& engine, const std::string& node,
                           const Until& until) {
  return ParseImageTable(TRY(sys::RunOrFail(
      engine.Client({"exec", node, "ctr", "--namespace", "k8s.io", "images", "ls"}), until)));
}

}  // namespace

Result<std::string> ChooseNodeImage(const ContainerEngine& engine, const ClusterSpec& spec,
                                    const fs::path& built, const Progress& progress,
                                    const Until& until) {
  if (!spec.node_image.empty()) {
    if (fs::is_regular_file(spec.node_image))
      return EnsureArchive(engine, spec.node_image, progress, until);
    if (spec.node_image.ends_with(".tar"))
      return Fail(Code::kNotFound, "{}: no such archive of a node image", spec.node_image);
    return spec.node_image;
  }
  if (TRY(NamesImages(spec.kind_config))) return std::string();
  if (built.empty()) {
    progress.note("node image: kind's own, fetched where the engine lacks it");
    return std::string();
  }
  const std::string image = TRY(EnsureArchive(engine, built, progress, until));
  progress.note("node image: " + image);
  return image;
}

std::vector<std::string> KubernetesNodes(const Cluster& cluster) {
  std::vector<std::string> nodes = cluster.nodes;
  std::erase_if(nodes, [](const auto& node) { return node.ends_with("-external-load-balancer"); });
  return nodes;
}

Result<> LoadMissing(const ContainerEngine& engine, KindCli& cli, const Cluster& cluster,
                     const std::vector<fs::path>& archives, const Provider::Loaded& done,
                     const Until& until) {
  std::vector<std::pair<std::string, ImageTable>> stocks;
  for (const std::string& node : KubernetesNodes(cluster))
    stocks.emplace_back(node, TRY(StockOf(engine, node, until).During("node " + node)));
  for (const fs::path& archive : archives) {
    const images::ArchiveIndex index = TRY(images::ReadArchiveIndex(archive));
    const auto lacks = [&](const ImageTable& stock) {
      return std::any_of(index.archive.images.begin(), index.archive.images.end(),
                         [&](const auto& image) {
                           return !stock.contains({image.name, image.digest});
                         });
    };
    std::vector<std::string> lacking;
    for (const auto& [node, stock] : stocks)
      if (lacks(stock)) lacking.push_back(node);
    if (!lacking.empty()) TRY(cli.Load(cluster.name, archive, lacking, until));
    for (const auto& image : index.archive.images) {
      images::LoadedImage report{.name = image.name};
      for (const std::string& digest :
           std::set<std::string>(image.blobs.begin(), image.blobs.end())) {
        if (lacking.empty()) {
          ++report.kept_blobs;
          continue;
        }
        ++report.sent_blobs;
        report.sent_bytes += index.sizes.at(digest);
      }
      done(report);
    }
  }
  return base::Ok();
}

Result<> LoadNamed(const ContainerEngine& engine, KindCli& cli, const Cluster& cluster,
                   const std::vector<std::string>& names, const Until& until) {
  for (const std::string& name : names)
    if (!TRY(EngineHas(engine, name, until)))
      return Fail(
          Code::kNotFound,
          "{} has no image {}: build, pull or load it there first (`{} images` lists what it "
          "has)",
          engine.Describe(), name, engine.name);
  // Below the cluster's folder, which goes with it however this ends.
  const fs::path archive = cluster.folder / "image.tar";
  for (const std::string& name : names) {
    auto loaded = SaveAndLoad(engine, cli, cluster, name, archive, until);
    std::error_code gone;
    fs::remove(archive, gone);
    TRY(std::move(loaded).During("image " + name));
  }
  return base::Ok();
}

}  // namespace cluster::kind
