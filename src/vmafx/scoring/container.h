#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace vmafx::scoring {

// How many first bytes NameContainer looks at.
constexpr size_t kContainerBytes = 400;

// "Matroska or WebM", "MP4 or QuickTime", ...: what a file is when it is not raw YUV or Y4M, by its
// first bytes or else by the ending of its name; nullopt when it looks like neither. A compressed
// file scored as raw YUV would give a number that means nothing.
std::optional<std::string> NameContainer(const std::filesystem::path& path,
                                         std::string_view first_bytes);

}  // namespace vmafx::scoring
