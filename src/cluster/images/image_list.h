#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cluster/images/assemble.h"

namespace cluster::images {

// An image list: YAML with apiVersion seatrial.dev/v1, kind ImageList and images: [{repository,
// program, arguments, tools, files, caCertificates, user, maxMegabytes}]. Unknown fields are
// problems with a did-you-mean. `file` is for messages; relative `from` paths are relative to its
// folder. Returns all problems at once in the error's message.
base::Result<std::vector<ImageSpec>> ParseImageList(std::string_view text, const std::string& file);

}  // namespace cluster::images
