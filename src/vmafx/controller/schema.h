#pragma once

#include "base/result.h"
#include "vmafx/controller/sqlite.h"

namespace vmafx::controller {

// Brings the database to this version's schema, step by step, each in its own transaction
// (PRAGMA user_version counts them). kInvalid when a newer version wrote it.
base::Result<> Migrate(Database& database);

}  // namespace vmafx::controller
