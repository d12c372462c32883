#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace vmafx::node {

// What an rclone that ended with `status` means by its stderr, in words that say what to do about
// the remote. kDenied, kNotFound, kInvalid: it will not help to try again. kUnavailable: it may.
// For what is not known, its last line, printable ASCII only. Never holds a secret: rclone logs
// none, and we give it none.
base::Error WhatRcloneMeans(int status, std::string_view log, const std::string& remote);

}  // namespace vmafx::node
