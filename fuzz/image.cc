// Container images that somebody hands over. The first byte says what comes: an archive as it is; a
// layout, whose parts (each after a line "===") refer to later ones as @2, and get their digests; a
// layer to unpack; or an image list.

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "base/check.h"
#include "cluster/images/archive.h"
#include "cluster/images/image_list.h"
#include "fuzz/input.h"
#include "net/certificates.h"
#include "sys/files.h"

namespace {

namespace fs = std::filesystem;
using cluster::images::Archive;
using cluster::images::Entry;

// The folder of this process, made once and removed at its end.
const fs::path& Folder() {
  static const auto folder = sys::TempDir::Make("fuzz-image");
  CHECK(folder.ok());
  return folder->path();
}

void Write(const fs::path& path, std::string_view content) {
  std::ofstream(path, std::ios::binary) << content;
}

void ReadFile(const fs::path& path) {
  const auto index = cluster::images::ReadArchiveIndex(path);
  const auto archive = cluster::images::OpenArchive(path);
  CHECK(archive.ok() || !archive.error().message().empty());
  if (!archive.ok()) return;
  // What has all its digests is read by the quick way too, and packed again is the same.
  CHECK(index.ok() && index->archive.images.size() == archive->images.size());
  const auto packed =
      cluster::images::PackArchive(*archive, [](const std::string&) { return true; });
  CHECK(packed.ok());
  Write(path, *packed);
  const auto again = cluster::images::OpenArchive(path);
  CHECK(again.ok() && again->blobs == archive->blobs && again->index == archive->index);
  for (const Archive::Image& image : archive->images) {
    const auto files = cluster::images::ListFiles(*archive, image);
    CHECK(files.ok() || !files.error().message().empty());
  }
}

// From the last part to the first, which is the index.
void ReadLayout(std::string_view text, const fs::path& path) {
  const auto parts = fuzz::Parts(text, "===");
  std::vector<std::string> digests(parts.size());
  std::vector<Entry> entries;
  for (size_t i = parts.size(); i-- > 0;) {
    std::string content(parts[i]);
    for (size_t later = i + 1; later < std::min<size_t>(parts.size(), 10); ++later) {
      const std::string mark = "@" + std::to_string(later);
      for (size_t at = content.find(mark); at != std::string::npos;
           at = content.find(mark, at + digests[later].size()))
        content.replace(at, mark.size(), digests[later]);
    }
    const std::string hex = net::Sha256Hex(content);
    digests[i] = "sha256:" + hex;
    entries.push_back(
        {.path = i == 0 ? "index.json" : "blobs/sha256/" + hex, .content = std::move(content)});
  }
  const auto tar = cluster::images::MakeTar(std::move(entries));
  if (!tar.ok()) return;  // two parts are the same
  Write(path, *tar);
  ReadFile(path);
}

// Nothing is written but below the folder, whatever the layers' links say.
void UnpackLayers(std::string_view text) {
  const fs::path base = Folder() / "unpack";
  fs::remove_all(base);
  fs::create_directories(base / "neighbour");
  Archive archive;
  Archive::Image image{.name = "layers", .digest = "0", .blobs = {"0", "1"}};
  // The last part of a tar is zeros, so layers may stand one behind the other.
  for (const std::string_view layer : fuzz::Parts(text, "===")) {
    const std::string name = std::to_string(image.blobs.size());
    archive.blobs[name] = layer;
    image.blobs.push_back(name);
  }
  const auto unpacked = cluster::images::Unpack(archive, image, base / "image");
  CHECK(unpacked.ok() || !unpacked.error().message().empty());
  std::set<std::string> there;
  for (const auto& entry : fs::directory_iterator(base)) there.insert(entry.path().filename());
  there.erase("image");
  CHECK(there == std::set<std::string>{"neighbour"});
  CHECK(fs::is_empty(base / "neighbour"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text = fuzz::Text(data + 1, size - 1);
  const fs::path path = Folder() / "archive.tar";
  if (data[0] % 4 == 0) {
    Write(path, text);
    ReadFile(path);
  } else if (data[0] % 4 == 1) {
    ReadLayout(text, path);
  } else if (data[0] % 4 == 2) {
    UnpackLayers(text);
  } else {
    const auto list = cluster::images::ParseImageList(text, "images.yaml");
    CHECK(list.ok() ? !list->empty() : !list.error().message().empty());
  }
  return 0;
}
