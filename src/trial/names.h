#pragma once

// Names: which file of a test directory belongs to which step, and what a test's namespace is
// called.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace trial {

enum class FileType { kApply, kAssert, kErrors };

// What kuttl reads from a file's name: `^(\d+-)?([^-.]+)(-[^.]+)?((?:\.gotmpl)?\.yaml)?$`.
struct FileName {
  std::optional<uint32_t> index;  // the number in front: "01-" and "1-" are the same step
  FileType type = FileType::kApply;
  std::string name;  // what a step takes its name from: "install-crd"
  bool is_template = false;
  bool has_extension = false;
};

// kInvalid says why the name is no step file: it does not follow the pattern or its number is too
// big.
base::Result<FileName> ParseFileName(std::string_view name);

// Shell pattern as Go's filepath.Match has it, on a base name. kInvalid for a malformed pattern.
base::Result<bool> MatchesPattern(const std::string& pattern, const std::string& name);

// "kuttl-brave-otter-x7kq": as kuttl names its namespaces. `random` picks.
std::string NamespaceName(uint64_t random);

}  // namespace trial
