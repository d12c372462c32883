#pragma once

#include "sqlite/database.h"

namespace vmafx::controller {

using sqlite::Blob;
using sqlite::Database;
using sqlite::Row;
using sqlite::SqlValue;

}  // namespace vmafx::controller
