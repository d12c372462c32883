#include "schema/bundle.h"

#include <algorithm>

#include "value/json.h"

namespace schema {

using base::Code;
using base::Fail;

base::Result<std::string> AddBundle(std::string_view text,
                                    const std::function<bool(const std::string&)>& wanted,
                                    Catalog& catalog) {
  const size_t header_end = text.find('\n');
  const Json header = TRY(value::ParseJson(text.substr(0, header_end)));
  const std::string release = value::FindString(header, {"kubernetes"});
  if (release.empty() || header_end == std::string_view::npos)
    return Fail(Code::kInvalid, "not a bundle of schemas: its first line names no release");
  std::vector<std::string> group_versions;
  for (size_t at = header_end + 1; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    const size_t tab = line.find('\t');
    if (tab == std::string_view::npos)
      return Fail(Code::kInvalid, "not a bundle of schemas: a line without a tab");
    group_versions.emplace_back(line.substr(0, tab));
    if (wanted(group_versions.back()))
      catalog.AddDocument(group_versions.back(), TRY(value::ParseJson(line.substr(tab + 1))));
  }
  catalog.AddGroupVersions(group_versions);
  return release;
}

}  // namespace schema
