#include "schema/header.h"

namespace schema {

const value::Json& MetadataSchema() {
  static const value::Json kSchema = [] {
    const value::Json text = {{"type", "string"}};
    const value::Json time = {{"type", "string"}, {"format", "date-time"}};
    const value::Json integer = {{"type", "integer"}, {"format", "int64"}};
    const value::Json flag = {{"type", "boolean"}};
    const value::Json texts = {{"type", "object"}, {"additionalProperties", text}};
    value::Json owner = {{"type", "object"}, {"required", {"apiVersion", "kind", "name", "uid"}}};
    owner["properties"] = {{"apiVersion", text}, {"kind", text},
                           {"name", text},       {"uid", text},
                           {"controller", flag}, {"blockOwnerDeletion", flag}};
    const value::Json anything = {{"type", "object"},
                                  {"x-kubernetes-preserve-unknown-fields", true}};
    value::Json schema = {{"type", "object"}};
    schema["properties"] = {{"name", text},
                            {"generateName", text},
                            {"namespace", text},
                            {"labels", texts},
                            {"annotations", texts},
                            {"finalizers", {{"type", "array"}, {"items", text}}},
                            {"ownerReferences", {{"type", "array"}, {"items", owner}}},
                            {"uid", text},
                            {"resourceVersion", text},
                            {"selfLink", text},
                            {"generation", integer},
                            {"creationTimestamp", time},
                            {"deletionTimestamp", time},
                            {"deletionGracePeriodSeconds", integer},
                            {"managedFields", {{"type", "array"}, {"items", anything}}}};
    return schema;
  }();
  return kSchema;
}

}  // namespace schema
