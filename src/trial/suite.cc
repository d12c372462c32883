#include "trial/suite.h"

#include <fmt/format.h>

namespace trial {

std::string Place::Text() const {
  if (mark.line == 0) return file;
  return fmt::format("{}:{}:{}", file, mark.line, mark.column);
}

Place Manifest::At(const std::vector<std::string>& path) const {
  if (!source) return {};
  std::vector<std::string> whole = prefix;
  whole.insert(whole.end(), path.begin(), path.end());
  return {source->file, source->At(whole)};
}

std::string Step::Text() const {
  return fmt::format("{}-{}", index, name);
}

}  // namespace trial
