// What programs left behind or print that clusters are made with. The first byte says which reader
// gets the rest.

#include "base/check.h"
#include "base/text.h"
#include "cluster/engine/runtime_wrapper.h"
#include "cluster/kind/image_table.h"
#include "cluster/kind/kind_cli.h"
#include "cluster/kind/record.h"
#include "cluster/native/state.h"
#include "fuzz/input.h"

namespace {

namespace kind = cluster::kind;
namespace native = cluster::native;

// No process id is that of a group, whatever the file says.
void ReadNative(std::string_view text) {
  const native::Layout layout{"/state/x"};
  const auto cluster = native::ParseRecord(text, layout);
  CHECK(cluster.ok() || !cluster.error().message().empty());
  if (!cluster.ok()) return;
  CHECK(cluster->init_pid >= 0 && cluster->api_port >= 0);
  const std::string written = native::RecordText(*cluster);
  const auto again = native::ParseRecord(written, layout);
  CHECK(again.ok() && native::RecordText(*again) == written);
}

void ReadKind(std::string_view text) {
  const auto record = kind::ParseRecord(text, "/state/x");
  CHECK(record.ok() || !record.error().message().empty());
  if (!record.ok()) return;
  CHECK(record->making >= 0 && record->relay >= 0 && record->engine_init >= 0);
  CHECK(!record->engine.empty());
  const std::string written = kind::RecordText(*record);
  const auto again = kind::ParseRecord(written, "/state/x");
  CHECK(again.ok() && kind::RecordText(*again) == written);
}

void ReadImages(std::string_view text) {
  const kind::ImageTable images = kind::ParseImageTable(text);
  std::string written = "REF TYPE DIGEST SIZE PLATFORMS LABELS\n";
  for (const auto& [name, digest] : images) {
    CHECK(!name.empty() && digest.starts_with("sha256:"));
    written += name + " type " + digest + " 1 MiB linux/amd64 -\n";
  }
  CHECK(kind::ParseImageTable(written) == images);
}

void ReadKindsWords(std::string_view text) {
  const auto error = kind::CreateError(std::string(text));
  CHECK(!error.message().empty() && error.message().find('\n') == std::string::npos);
}

// A runc command line, and behind its line what its file describes.
void ReadContainer(std::string_view text) {
  const size_t line = std::min(text.find('\n'), text.size());
  cluster::engine::FindProcessFile(base::Split(text.substr(0, line), ' '));
  auto process = value::ParseJson(text.substr(line));
  if (!process.ok() || !process->is_object()) return;
  cluster::engine::Restrain(*process, -10);
  CHECK(!process->contains("rlimits"));
  const value::Json once = *process;
  cluster::engine::Restrain(*process, -10);
  CHECK(*process == once);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  constexpr void (*kReaders[])(std::string_view) = {ReadNative, ReadKind, ReadImages,
                                                    ReadKindsWords, ReadContainer};
  kReaders[data[0] % std::size(kReaders)](fuzz::Text(data + 1, size - 1));
  return 0;
}
