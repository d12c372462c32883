// What a cluster or a file says about its kinds, held against an object. The first byte says what
// the text before a line "===" is: a definition, an OpenAPI document, or a bundle of them. Behind
// the object, after another such line, may stand the keys of a path, one a line.

#include "schema/schema.h"

#include "base/check.h"
#include "base/text.h"
#include "fuzz/input.h"
#include "schema/bundle.h"
#include "schema/metadata.h"

namespace {

using schema::Finding;
using value::Json;

void AddSchemas(uint8_t choice, std::string_view text, const std::string& api_version,
                schema::Catalog& catalog) {
  if (choice % 3 == 2) {
    const auto wanted = [&](const std::string& group_version) {
      return group_version == api_version;
    };
    const auto release = schema::AddBundle(text, wanted, catalog);
    CHECK(release.ok() ? !release->empty() : !release.error().message().empty());
    return;
  }
  auto json = value::ParseJson(text);
  if (!json.ok()) return;
  if (choice % 3 == 0) {
    const auto added = catalog.AddDefinition(*json);
    CHECK(added.ok() || !added.error().message().empty());
  } else {
    catalog.AddDocument(api_version, *std::move(json));
  }
}

// Every finding is about something that is there, or that should be.
void CheckFindings(const std::vector<Finding>& findings, const Json& object) {
  for (const Finding& finding : findings) {
    CHECK(!finding.message.empty());
    schema::Path path = finding.path;
    if (finding.kind == Finding::Kind::kMissing) path.pop_back();
    CHECK(value::Find(object, path) != nullptr);
    value::FormatPath(finding.path, object);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto parts = fuzz::Parts(fuzz::Text(data + 1, size - 1), "===");
  if (parts.size() < 2) return 0;
  auto object = value::ParseJson(parts[1]);
  if (!object.ok()) return 0;
  value::NormalizeNumbers(*object);
  CheckFindings(schema::CheckNames(*object), *object);
  const std::string api_version = value::FindString(*object, {"apiVersion"});
  schema::Catalog catalog;
  AddSchemas(data[0], parts[0], api_version, catalog);
  const auto known = catalog.Find(api_version, value::FindString(*object, {"kind"}));
  if (known.known != schema::Catalog::Answer::Known::kKind) return 0;
  CHECK(known.schema.node != nullptr);
  const auto whole = schema::Check(known.schema, *object, schema::Extent::kWhole);
  const auto partial = schema::Check(known.schema, *object, schema::Extent::kPartial);
  CheckFindings(whole, *object);
  CheckFindings(partial, *object);
  CHECK(partial.size() <= whole.size());
  for (const Finding& finding : partial) CHECK(finding.kind != Finding::Kind::kMissing);
  if (parts.size() > 2) schema::UnknownField(known.schema, base::Split(parts[2], '\n'));
  return 0;
}
