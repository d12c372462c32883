#include "cluster/kind/image_table.h"

#include <vector>

#include "base/text.h"

namespace cluster::kind {

ImageTable ParseImageTable(std::string_view table) {
  ImageTable images;
  for (const std::string& line : base::Split(table, '\n')) {
    std::vector<std::string> words;
    for (const std::string& word : base::Split(line, ' '))
      if (!base::Trim(word).empty()) words.emplace_back(base::Trim(word));
    if (words.size() > 2 && words[2].starts_with("sha256:")) images.emplace(words[0], words[2]);
  }
  return images;
}

}  // namespace cluster::kind
