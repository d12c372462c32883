#pragma once

#include <filesystem>

#include "base/clock.h"
#include "base/result.h"
#include "vmafx/node/fetch.h"
#include "vmafx/scoring/input.h"

namespace vmafx::node {

struct ScratchOptions {
  std::filesystem::path folder;         // where there is room; empty: nowhere
  uint64_t limit = uint64_t{16} << 30;  // bytes of one file
};

// All of `fetch` as a file without a name in the scratch folder, open for reading only: it is gone
// with the returned Input, and with this process however that ends. kInvalid: larger than the limit
// or than the room there is, which is looked at before if the size is known, and while writing.
// Else as of Fetch::Read.
base::Result<scoring::Input> FetchToScratch(Fetch& fetch, const ScratchOptions& options,
                                            const base::Until& until);

}  // namespace vmafx::node
