#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "schema/schema.h"

namespace schema {

// Which kinds there are, and the schema of each. Filled first, then asked: from then on any thread.
class Catalog {
 public:
  // All group versions ("v1", "apps/v1") that a cluster serves, or a release of Kubernetes has.
  // From then on those that are not among them are known not to exist.
  void AddGroupVersions(const std::vector<std::string>& group_versions);

  // The OpenAPI v3 document of one group version, as an API server gives it at
  // /openapi/v3/apis/GROUP/VERSION. What is malformed in it is left out.
  void AddDocument(const std::string& group_version, Json document);

  // The versions of a CustomResourceDefinition (apiextensions.k8s.io/v1). It takes the place of
  // what was known of the kind. kInvalid: no group, kind or version in it.
  base::Result<> AddDefinition(const Json& definition);

  struct Answer {
    enum class Known {
      kKind,       // `schema` is set
      kNoSchema,   // the kind is there, nothing is known of its fields
      kNoKind,     // its group version is known and has no such kind; `others`: those it has
      kNoVersion,  // the group is known, but not in this version; `others`: its versions
      kNothing,    // nothing is known of the group, or of its document
    };
    Known known = Known::kNothing;
    Schema schema;
    std::vector<std::string> others;
  };
  Answer Find(const std::string& api_version, const std::string& kind) const;

 private:
  struct Version {
    bool read = false;  // its document is here: it lists all kinds
    std::map<std::string, Schema> kinds;
  };
  std::map<std::string, Version> versions_;              // by group version
  std::map<std::string, std::set<std::string>> custom_;  // versions, by "group/kind" of definitions
};

// "apps" of "apps/v1", "" of "v1".
std::string GroupOf(const std::string& api_version);

}  // namespace schema
