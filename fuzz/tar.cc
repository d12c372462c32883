// Tars that somebody hands over: layers of images, archives of tests. The first byte says what
// comes: a layer, read whole and by its names; or an archive of tests, unpacked.

#include "cluster/images/tar.h"

#include <filesystem>
#include <set>
#include <string>

#include "base/check.h"
#include "fuzz/input.h"
#include "sys/files.h"
#include "trial/remote_files.h"

namespace {

namespace fs = std::filesystem;
using cluster::images::Entry;
using cluster::images::TarLimits;

// The folder of this process, made once and removed at its end.
const fs::path& Folder() {
  static const auto folder = sys::TempDir::Make("fuzz-tar");
  CHECK(folder.ok());
  return folder->path();
}

size_t BytesOf(const std::vector<Entry>& entries) {
  size_t bytes = 0;
  for (const Entry& entry : entries)
    bytes += entry.path.size() + entry.link.size() + entry.content.size();
  return bytes;
}

// What is made of the entries has all of them, and is the same whenever it is made.
void CheckMadeAgain(const std::vector<Entry>& entries) {
  const auto made = cluster::images::MakeTar(entries);
  CHECK(made.ok() || !made.error().message().empty());
  if (!made.ok()) return;
  const auto again = cluster::images::ReadTar(*made);
  CHECK(again.ok());
  std::set<std::string> paths;
  for (const Entry& entry : *again) paths.insert(entry.path);
  for (const Entry& entry : entries) CHECK(paths.contains(entry.path));
  const auto twice = cluster::images::MakeTar(*again);
  CHECK(twice.ok() && *twice == *made);
}

void ReadLayer(std::string_view text) {
  constexpr TarLimits kLimits{.bytes = 1 << 20, .entries = 50};
  const auto entries = cluster::images::ReadTar(text, SIZE_MAX, kLimits);
  CHECK(entries.ok() || !entries.error().message().empty());
  if (!entries.ok()) return;
  CHECK(entries->size() <= kLimits.entries && BytesOf(*entries) <= kLimits.bytes);
  const auto names = cluster::images::ReadTar(text, 0, kLimits);
  CHECK(names.ok() && names->size() == entries->size());
  for (size_t i = 0; i < names->size(); ++i) {
    CHECK((*names)[i].path == (*entries)[i].path && (*names)[i].link == (*entries)[i].link);
    CHECK((*names)[i].content.empty());
  }
  CheckMadeAgain(*entries);
}

// Nothing is written but below the folder, and of what was unpacked no link leads out of it.
void UnpackTests(std::string_view text) {
  const fs::path base = Folder() / "unpack";
  const fs::path inside = base / "inside";
  fs::remove_all(base);
  fs::create_directories(inside);
  const auto unpacked = trial::UnpackTar(text, inside);
  CHECK(unpacked.ok() || !unpacked.error().message().empty());
  for (const auto& entry : fs::directory_iterator(base)) CHECK(entry.path() == inside);
  for (const auto& entry : fs::directory_iterator(Folder())) CHECK(entry.path() == base);
  if (!unpacked.ok()) return;
  const std::string root = fs::canonical(inside).string();
  for (const auto& entry : fs::recursive_directory_iterator(inside)) {
    if (!entry.is_symlink()) continue;
    const std::string real = fs::weakly_canonical(entry.path()).string();
    CHECK(real == root || real.starts_with(root + "/"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  constexpr void (*kReaders[])(std::string_view) = {ReadLayer, UnpackTests};
  kReaders[data[0] % std::size(kReaders)](fuzz::Text(data + 1, size - 1));
  return 0;
}
