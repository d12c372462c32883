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

}  // namespace

Result<std::vector<LoadedImage>> LoadArchive(const NodeRuntime& node, const Archive& archive,
                                             const base::Until& until) {
  const std::set<std::string> present = TRY(Lines(Ctr(node, {"content", "ls", "-q"}, until)));
  const std::set<std::string> names = TRY(Lines(Ctr(node, {"images", "ls", "-q"}, until)));
  const auto lacks = [&](const std::string& digest) { return !present.count(digest); };

  std::vector<LoadedImage> loaded;
  bool send = false;
  for (const Archive::Image& image : archive.images) {
    LoadedImage report{.name = image.name};
    for (const std::string& digest :
         std::set<std::string>(image.blobs.begin(), image.blobs.end())) {
      if (lacks(digest)) {
        report.sent_bytes += archive.blobs.at(digest).size();
        ++report.sent_blobs;
      } else {
        ++report.kept_blobs;
      }
    }
    send = send || report.sent_blobs > 0 || !names.count(image.name);
    loaded.push_back(std::move(report));
  }
  if (!send) return loaded;

  const sys::TempDir folder = TRY(sys::TempDir::Make("seatrial-load"));
  const std::filesystem::path tar = folder.path() / "images.tar";
  TRY(sys::WriteFileAtomically(tar, TRY(PackArchive(archive, lacks)), 0600));
  TRY(Ctr(node, {"images", "import", "--digests=false", tar.string()}, until)
          .During("loading images into the node"));
  return loaded;
}

}  // namespace cluster::images
