#pragma once

// What the descriptions of clusters have in common: JSON files of ours, which may be damaged or of
// another version. A field of another type than it should have counts as absent.

#include <string_view>
#include <vector>

#include "base/result.h"
#include "cluster/provider.h"
#include "value/json.h"

namespace cluster {

// kInvalid when it is no JSON object.
base::Result<value::Json> ParseDescription(std::string_view text);

// 0 also for what is below it or no int, so that no process id is ever of a group.
int NumberOr0(const value::Json& json, const char* field);
bool IsTrue(const value::Json& json, const char* field);

// The field "startTable".
value::Json StartTableJson(const std::vector<StartRow>& table);
std::vector<StartRow> ReadStartTable(const value::Json& description);

}  // namespace cluster
