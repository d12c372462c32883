#include "cluster/images/load.h"

#include <set>

#include "base/text.h"
#include "sys/files.h"
#include "sys/process.h"

namespace cluster::images {
namespace {

using base::Code;
using base::Fail;
using base::Result;

// The namespace of containerd that the kubelet's images live in.
constexpr char kNamespace[] = "k8s.io";

Result<std::string> Ctr(const NodeRuntime& node, std::vector<std::string> arguments,
                        const base::Until& until) {
  std::vector<std::string> argv = {node.ctr.string(), "--address", node.socket.string(),
                                   "--namespace", kNamespace};
  argv.insert(argv.end(), std::make_move_iterator(arguments.begin()),
              std::make_move_iterator(arguments.end()));
  return sys::RunOrFail({.argv = std::move(argv)}, until);
}

Result<std::set<std::string>> Lines(Result<std::string> output) {
  std::set<std::string> lines;
  for (const std::string& line : base::Split(TRY(std::move(output)), '\n')) {
    if (const std::string text(base::Trim(line)); !text.empty()) lines.insert(text);
  }
  return lines;
}

// What a node has.
struct Stock {
  std::set<std::string> blobs;
  std::set<std::string> names;
};

Result<> Import(const NodeRuntime& node, const std::filesystem::path& archive,
                const base::Until& until) {
  // --local: the client unpacks; by way of containerd's transfer service it costs half as much
  // again.
  TRY(Ctr(node, {"images", "import", "--local", "--digests=false", archive.string()}, until)
          .During("loading images into the node"));
  return base::Ok();
}

// An archive with the blobs alone that the node lacks.
Result<> ImportMissing(const NodeRuntime& node, const std::filesystem::path& path,
                       const Stock& stock, const base::Until& until) {
  const Archive archive = TRY(OpenArchive(path));
  const sys::TempDir folder = TRY(sys::TempDir::Make("seatrial-load"));
  const std::filesystem::path tar = folder.path() / "images.tar";
  TRY(sys::WriteFileAtomically(
      tar,
      TRY(PackArchive(archive, [&](const auto& digest) { return !stock.blobs.contains(digest); })),
      0600));
  return Import(node, tar, until);
}

LoadedImage Compare(const Archive::Image& image, const ArchiveIndex& index, const Stock& stock) {
  LoadedImage report{.name = image.name};
  for (const std::string& digest : std::set<std::string>(image.blobs.begin(), image.blobs.end())) {
    if (stock.blobs.contains(digest)) {
      ++report.kept_blobs;
      continue;
    }
    report.sent_bytes += index.sizes.at(digest);
    ++report.sent_blobs;
  }
  return report;
}

Result<> LoadArchive(const NodeRuntime& node, const std::filesystem::path& path, Stock& stock,
                     const std::function<void(const LoadedImage&)>& done,
                     const base::Until& until) {
  const ArchiveIndex index = TRY(ReadArchiveIndex(path));
  std::vector<LoadedImage> images;
  bool send = false;
  for (const Archive::Image& image : index.archive.images) {
    images.push_back(Compare(image, index, stock));
    send = send || images.back().sent_blobs > 0 || !stock.names.contains(image.name);
  }
  size_t all = 0;
  size_t missing = 0;
  for (const auto& [digest, size] : index.sizes) {
    all += size;
    if (!stock.blobs.contains(digest)) missing += size;
  }
  // Taking an archive apart and writing another costs more than sending a little twice.
  if (send && missing * 2 > all) TRY(Import(node, path, until).During(path.string()));
  if (send && missing * 2 <= all)
    TRY(ImportMissing(node, path, stock, until).During(path.string()));
  for (const auto& [digest, size] : index.sizes) stock.blobs.insert(digest);
  for (const LoadedImage& image : images) {
    stock.names.insert(image.name);
    done(image);
  }
  return base::Ok();
}

}  // namespace

Result<> LoadArchives(const NodeRuntime& node, const std::vector<std::filesystem::path>& archives,
                      const std::function<void(const LoadedImage&)>& done,
                      const base::Until& until) {
  Stock stock;
  stock.blobs = TRY(Lines(Ctr(node, {"content", "ls", "-q"}, until)));
  stock.names = TRY(Lines(Ctr(node, {"images", "ls", "-q"}, until)));
  for (const std::filesystem::path& path : archives)
    TRY(LoadArchive(node, path, stock, done, until));
  return base::Ok();
}

}  // namespace cluster::images
