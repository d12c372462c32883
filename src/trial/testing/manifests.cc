#include "trial/testing/manifests.h"

#include <memory>
#include <utility>

#include "value/yaml.h"

namespace trial::testing {

Manifest ParseManifest(const std::string& yaml) {
  auto parsed = value::ParseYaml(yaml, "00-assert.yaml");
  auto document = std::make_shared<const value::Document>(std::move(parsed.documents.at(0)));
  return Manifest{kube::Object(document->json), document, {}};
}

kube::ObjectPtr ParseObject(const std::string& yaml) {
  return std::make_shared<const kube::Object>(ParseManifest(yaml).object);
}

}  // namespace trial::testing
