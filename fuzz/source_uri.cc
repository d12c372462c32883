// Where an input comes from, as a CR or a flag says it; what follows a line "===" is an
// rclone.conf.

#include "vmafx/api/source_uri.h"

#include <string>

#include "base/check.h"
#include "fuzz/input.h"
#include "vmafx/node/source_uri.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto parts = fuzz::Parts(fuzz::Text(data, size), "===");
  std::string_view text = parts[0];
  if (parts.size() > 1) text.remove_suffix(1);  // the line end before the mark
  const auto uri = vmafx::api::ReadSourceUri(text);
  const auto source = vmafx::node::ReadSourceUri(std::string(text));
  CHECK(uri.ok() || !source.ok());
  if (uri.ok()) {
    CHECK(uri->IsFile() || !uri->authority.empty());
    uri->Remote();
    uri->IsRawVideo();
  } else {
    CHECK(!uri.error().message().empty());
  }
  if (source.ok() && source->kind == vmafx::node::SourceUri::Kind::kRclone)
    CHECK(!source->remote.empty() && !source->path.empty());
  if (parts.size() < 2) return 0;
  const auto remotes = vmafx::node::ReadRemotes(std::string(parts[1]));
  if (remotes.ok())
    for (const std::string& remote : *remotes) CHECK(remote.find('\n') == std::string::npos);
  return 0;
}
