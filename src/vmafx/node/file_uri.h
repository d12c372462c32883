#pragma once

#include <string>

#include "base/result.h"

namespace vmafx::node {

// The absolute path that `uri` spells: "file:///abs/path", "file://localhost/abs/path" (the scheme
// in any case; percent-escapes are decoded: RFC 3986, 2.1; RFC 8089), or such a path itself, taken
// as it is. kInvalid for anything else, also for an escape that is none or is of a zero byte. Looks
// at no disk.
base::Result<std::string> PathOfFileUri(const std::string& uri);

}  // namespace vmafx::node
