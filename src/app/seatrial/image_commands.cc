// seatrial image assemble | files | env, and seatrial load: container images without Docker or a
// registry.

#include <memory>

#include "app/seatrial/clusters.h"
#include "app/seatrial/commands.h"
#include "app/seatrial/finish.h"
#include "base/text.h"
#include "cluster/images/archive.h"
#include "cluster/images/catalog.h"
#include "cluster/images/image_list.h"
#include "cluster/images/load.h"
#include "cluster/provider.h"
#include "sys/files.h"

namespace app {
namespace {

namespace images = cluster::images;
using base::Result;

std::string Megabytes(size_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

Result<> Assemble(const std::vector<std::string>& lists, const std::vector<std::string>& programs,
                  const std::string& out, const base::Until& until) {
  std::vector<images::ImageSpec> specs;
  for (const std::string& list : lists) {
    for (auto& spec : TRY(images::ParseImageList(TRY(sys::ReadFile(list)), list)))
      specs.push_back(std::move(spec));
  }
  const images::ProgramFolders folders(programs.begin(), programs.end());
  for (const images::CatalogImage& image : TRY(images::WriteCatalog(specs, folders, out, until))) {
    fmt::print("{:<60} {:>9}  {}\n", image.repository + ":" + image.tag, Megabytes(image.size),
               image.archive.string());
  }
  return base::Ok();
}

Result<> PrintFiles(const std::string& path) {
  const images::Archive archive = TRY(images::OpenArchive(path));
  for (const auto& image : archive.images) {
    fmt::print("{} ({})\n", image.name, image.digest);
    for (const std::string& file : TRY(images::ListFiles(archive, image)))
      fmt::print("  /{}\n", file);
  }
  return base::Ok();
}

Result<> UnpackArchive(const std::string& path, const std::string& folder) {
  const images::Archive archive = TRY(images::OpenArchive(path));
  if (archive.images.size() != 1)
    return Fail(base::Code::kInvalid, "{} holds {} images: unpack takes one", path,
                archive.images.size());
  return images::Unpack(archive, archive.images[0], folder);
}

Result<> PrintEnvironment(const std::string& folder) {
  for (const auto& [name, value] : images::CatalogEnvironment(TRY(images::ReadCatalog(folder))))
    fmt::print("export {}={}\n", name, value);
  return base::Ok();
}

// A folder is a catalog (all its archives); anything else is an archive.
Result<std::vector<std::filesystem::path>> ArchivesOf(const std::vector<std::string>& paths) {
  std::vector<std::filesystem::path> archives;
  for (const std::string& path : paths) {
    if (!std::filesystem::is_directory(path)) {
      archives.emplace_back(path);
      continue;
    }
    for (const auto& image : TRY(images::ReadCatalog(path))) archives.push_back(image.archive);
  }
  return archives;
}

}  // namespace

base::Result<> LoadImages(cluster::Provider& provider, const cluster::Cluster& target,
                          const std::vector<std::string>& paths, const base::Until& until) {
  const auto print = [](const images::LoadedImage& image) {
    fmt::print("{:<60} sent {} ({} of {} layers and manifests; the node had the rest)\n",
               image.name, Megabytes(image.sent_bytes), image.sent_blobs,
               image.sent_blobs + image.kept_blobs);
  };
  return provider.Load(target, TRY(ArchivesOf(paths)), print, until);
}

namespace {

struct Flags {
  std::vector<std::string> lists, programs = {"build/release/bin"};
  std::string out = "build/images", path, name = "seatrial", state_dir = kStateDir;
  std::vector<std::string> archives;
  std::string timeout = "300s";
};

using SharedFlags = std::shared_ptr<Flags>;

void AddAssemble(CLI::App& image, const SharedFlags& flags, Context& context) {
  CLI::App* assemble = image.add_subcommand(
      "assemble",
      "assemble the images of lists: programs, their shared libraries, user 65532, nothing else");
  assemble->add_option("lists", flags->lists, "image lists (YAML, kind ImageList)")->required();
  assemble
      ->add_option("--programs", flags->programs,
                   "folder of programs (repeatable: the first that has a program gives it)")
      ->allow_extra_args(false)
      ->capture_default_str();
  assemble->add_option("--out", flags->out, "folder for the archives and images.json")
      ->capture_default_str();
  assemble->footer(
      "Examples:\n  seatrial image assemble deploy/images/images.yaml --programs build/release/bin "
      "--out build/images\n"
      "  seatrial image assemble app.yaml --programs bin --programs /opt/tools/bin --out images");
  assemble->callback([flags, &context] {
    context.exit_code =
        Finish(Assemble(flags->lists, flags->programs, flags->out, UntilTimeout(context, "300s")),
               context);
  });
}

void AddFiles(CLI::App& image, const SharedFlags& flags, Context& context) {
  CLI::App* files = image.add_subcommand("files", "list the files of the images in an OCI archive");
  files->add_option("archive", flags->path, "OCI archive")->required();
  files->footer("Example:\n  seatrial image files build/images/vmafx-node.tar");
  files->callback(
      [flags, &context] { context.exit_code = Finish(PrintFiles(flags->path), context); });
}

void AddUnpack(CLI::App& image, const SharedFlags& flags, Context& context) {
  CLI::App* unpack =
      image.add_subcommand("unpack", "write the files of an image into an empty folder");
  unpack->add_option("archive", flags->path, "OCI archive with one image")->required();
  unpack->add_option("folder", flags->out, "folder to write to")->required();
  unpack->footer("Example:\n  seatrial image unpack build/images/vmafx-node.tar /tmp/vmafx-node");
  unpack->callback([flags, &context] {
    context.exit_code = Finish(UnpackArchive(flags->path, flags->out), context);
  });
}

void AddEnv(CLI::App& image, const SharedFlags& flags, Context& context) {
  CLI::App* environment =
      image.add_subcommand("env", "print the names of assembled images as shell variables");
  environment->add_option("folder", flags->out, "folder that `image assemble` wrote")
      ->capture_default_str();
  environment->footer(
      "Example:\n  eval \"$(seatrial image env build/images)\"; echo $SEATRIAL_IMAGE_VMAFX_NODE");
  environment->callback(
      [flags, &context] { context.exit_code = Finish(PrintEnvironment(flags->out), context); });
}

void AddLoad(CLI::App& app, const SharedFlags& flags, Context& context) {
  CLI::App* load =
      app.add_subcommand("load", "load images into a cluster's nodes; only what they lack is sent");
  load->add_option("archives", flags->archives,
                   "OCI archives, or folders that `image assemble` wrote")
      ->required();
  load->add_option("--name", flags->name, "the cluster")->capture_default_str();
  load->add_option("--state-dir", flags->state_dir, "where clusters keep their state")
      ->capture_default_str();
  load->add_option("--timeout", flags->timeout, "limit, as in 90s or 5m")
      ->check(CheckDuration)
      ->capture_default_str();
  load->footer("Examples:\n  seatrial load build/images\n  seatrial load --name ci app.tar");
  load->callback([flags, &context] {
    const auto run = [&]() -> Result<> {
      const auto provider = MakeProvider(context, flags->state_dir);
      const cluster::Cluster target = TRY(provider->Find(flags->name));
      return LoadImages(*provider, target, flags->archives, UntilTimeout(context, flags->timeout));
    };
    context.exit_code = Finish(run(), context);
  });
}

}  // namespace

void AddImageCommands(CLI::App& app, Context& context) {
  CLI::App* image =
      app.add_subcommand("image", "make and look into container images, without Docker");
  image->require_subcommand(1);
  const auto flags = std::make_shared<Flags>();
  AddAssemble(*image, flags, context);
  AddFiles(*image, flags, context);
  AddUnpack(*image, flags, context);
  AddEnv(*image, flags, context);
  AddLoad(app, flags, context);
}

}  // namespace app
