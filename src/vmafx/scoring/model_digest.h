#pragma once

#include <string>
#include <string_view>

namespace vmafx::scoring {

// SHA-256 in hex of the JSON that libvmaf has built in for `model`: the same as of the model's file
// in libvmaf's own repository. "" for an unknown model, or where libvmaf is a shared library that
// does not show its models.
std::string ModelDigest(std::string_view model);

}  // namespace vmafx::scoring
