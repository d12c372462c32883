#pragma once

#include <cstdint>

#include "kube/object.h"

namespace vmafx::api {

// The whole number `field` of `json`, or `fallback` where it is absent. Throws Json::type_error for
// anything else: Json's own conversion cuts fractions off, and what does not fit is undefined.
inline int64_t Whole(const kube::Json& json, const char* field, int64_t fallback = 0) {
  const auto found = json.find(field);
  if (found == json.end()) return fallback;
  if (found->is_number_integer()) return found->get<int64_t>();
  return found->get_ref<const kube::Json::number_integer_t&>();  // throws
}

}  // namespace vmafx::api
