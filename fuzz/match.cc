// What a test expects, and after lines "===" the objects that there are.

#include "expect/match.h"

#include <set>
#include <string>
#include <vector>

#include "base/check.h"
#include "fuzz/input.h"
#include "value/yaml.h"

namespace {

using value::Json;

void CheckPair(const value::Document& expected, const Json& actual) {
  const auto mismatches = expect::Match(expected.json, actual);
  CHECK(mismatches.empty() == expect::Matches(expected.json, actual));
  for (const expect::Mismatch& mismatch : mismatches) {
    const std::string line =
        expect::FormatMismatch(mismatch, expected.json, expect::PlacesIn(expected));
    CHECK(!line.empty());
    CHECK(line.find('\n') == std::string::npos);
  }
  CHECK(expect::Explain(expected, actual).empty() == mismatches.empty());
  if (mismatches.empty()) CHECK(expect::Diff(expected.json, actual, "expected", "found").empty());
  expect::NameOf(actual);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<value::Document> documents;
  for (const std::string_view part : fuzz::Parts(fuzz::Text(data, size), "===")) {
    for (value::Document& document : value::ParseYaml(part, "f.yaml").documents) {
      value::NormalizeNumbers(document.json);
      documents.push_back(std::move(document));
    }
  }
  if (documents.empty()) return 0;
  std::vector<Json> candidates;
  for (const value::Document& document : documents) candidates.push_back(document.json);
  for (const Json& actual : candidates) CheckPair(documents[0], actual);
  CHECK(expect::Matches(candidates[0], candidates[0]));
  const auto nearest = expect::Nearest(candidates[0], candidates);
  CHECK(nearest.has_value() && *nearest < candidates.size());
  CHECK(expect::Matches(candidates[0], candidates[*nearest]));
  return 0;
}
