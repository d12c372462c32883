#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "vmafx/scoring/byte_stream.h"

namespace vmafx::scoring {

// One side of a comparison: a local file or pipe, or, where `stream` is set, bytes from elsewhere.
struct Input {
  std::filesystem::path path;
  std::shared_ptr<ByteStream> stream;
  std::string name;                   // what messages call it; empty: the path
  std::shared_ptr<const void> owner;  // what must live as long as this, such as the file itself

  const std::string& shown() const { return name.empty() ? path.native() : name; }
};

}  // namespace vmafx::scoring
