// YAML of any suite, kubeconfig or config.

#include "value/yaml.h"

#include <algorithm>

#include "base/check.h"
#include "fuzz/input.h"
#include "value/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::Text(data, size);
  const value::ParsedYaml parsed = value::ParseYaml(text, "f.yaml");
  // YAML 1.1 breaks lines at CR, NEL, LS and PS too; the last byte of each tells.
  const auto lines =
      1 + std::count_if(text.begin(), text.end(), [](char c) {
        return std::string_view("\n\r\x85\xA8\xA9").find(c) != std::string_view::npos;
      });
  bool broken = false;
  for (const value::Problem& problem : parsed.problems) {
    CHECK(!problem.message.empty());
    CHECK(problem.Format().starts_with("f.yaml"));
    broken = broken || !problem.warning;
  }
  CHECK(parsed.ok() != broken);
  for (const value::Document& document : parsed.documents) {
    for (const auto& [path, mark] : document.marks) CHECK(mark.line >= 1 && mark.column >= 1);
    CHECK(document.start.line >= 1 && document.start.line <= lines);
    // What is written for people is still what was read.
    const std::string written = value::ToYaml(document.json);
    value::ParsedYaml again = value::ParseYaml(written, "again.yaml");
    CHECK(again.ok());
    CHECK(again.documents.size() == 1);
    value::Json first = document.json;
    value::NormalizeNumbers(first);
    value::NormalizeNumbers(again.documents[0].json);
    CHECK(first == again.documents[0].json);
  }
  return 0;
}
