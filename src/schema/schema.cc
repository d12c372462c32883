#include "schema/schema.h"

#include "schema/walker.h"

namespace schema {

std::vector<Finding> Check(const Schema& schema, const Json& object, Extent extent) {
  Walker walker(*schema.document, extent);
  walker.VisitObject(*schema.node, schema.custom, object);
  return walker.Take();
}

std::string UnknownField(const Schema& schema, const std::vector<std::string>& keys) {
  return Walker(*schema.document, Extent::kPartial).UnknownKey(*schema.node, schema.custom, keys);
}

}  // namespace schema
