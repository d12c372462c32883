// The fields of ours that ask for more than equality: a line with the path of a field, then the
// rules in YAML, and after lines "===" objects that they are held against.

#include <string>
#include <vector>

#include "base/check.h"
#include "expect/field_path.h"
#include "expect/matcher.h"
#include "expect/quantity.h"
#include "fuzz/input.h"
#include "value/yaml.h"

namespace {

using value::Json;

std::vector<Json> Documents(std::string_view yaml) {
  std::vector<Json> documents;
  for (value::Document& document : value::ParseYaml(yaml, "f.yaml").documents) {
    value::NormalizeNumbers(document.json);
    documents.push_back(std::move(document.json));
  }
  return documents;
}

void CheckMiss(const std::string& miss) {
  CHECK(miss.find('\n') == std::string::npos);
}

// What the path leads to is where it says.
void CheckFound(const expect::FieldPath::Found& found, const Json& object) {
  if (found.value != nullptr) {
    CHECK(value::Find(object, found.path) == found.value);
  } else {
    CHECK(!found.missing.empty());
  }
}

// A value is what itself asks for, in whichever way it is asked.
void CheckReflexive(const Json& value) {
  for (const char* rule : {"is", "oneOf", "has", "hasOnly", "not", "equals"}) {
    const bool list = rule[0] == 'h';
    if (list && !value.is_array()) continue;
    const bool one_of = rule[0] == 'o';
    const auto matcher =
        expect::Matcher::Parse(Json{{rule, one_of ? Json::array({value}) : value}});
    if (rule[0] == 'e' && !matcher.ok()) continue;  // no amount
    CHECK(matcher.ok());
    CHECK(matcher->Miss(&value).empty() == (rule[0] != 'n'));
    // Nothing is not as asked, unless it is not to be so.
    CHECK(matcher->Miss(nullptr).empty() == (rule[0] == 'n'));
  }
}

void CheckQuantity(const Json& value) {
  if (!value.is_string()) return;
  const auto quantity = expect::Quantity::Parse(value.get<std::string>());
  if (quantity) CHECK(*quantity == *quantity);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto parts = fuzz::Parts(fuzz::Text(data, size), "===");
  const size_t line = std::min(parts[0].find('\n'), parts[0].size());
  const auto path = expect::FieldPath::Parse(parts[0].substr(0, line));
  CHECK(path.ok() || !path.error().message().empty());
  const auto written = Documents(parts[0].substr(line));
  if (written.empty()) return 0;
  const auto matcher = expect::Matcher::Parse(written[0]);
  CHECK(matcher.ok() || !matcher.error().message().empty());
  if (matcher.ok()) CheckMiss(matcher->Miss(nullptr));
  for (size_t i = 1; i < parts.size(); ++i) {
    for (const Json& object : Documents(parts[i])) {
      CheckReflexive(object);
      CheckQuantity(object);
      if (matcher.ok()) CheckMiss(matcher->Miss(&object));
      if (!path.ok()) continue;
      const auto all = path->Select(object);
      CHECK(!all.empty());
      for (const auto& found : all) {
        CheckFound(found, object);
        if (matcher.ok()) CheckMiss(matcher->Miss(found.value));
      }
    }
  }
  return 0;
}
