#include "vmafx/controller/job.h"

#include <array>

namespace vmafx::controller {

namespace {

constexpr std::array<std::string_view, 5> kWords = {"pending", "running", "completed", "failed",
                                                    "cancelled"};

}  // namespace

std::string_view ToString(Status status) {
  return kWords[static_cast<size_t>(status)];
}

std::optional<Status> ParseStatus(std::string_view word) {
  for (size_t i = 0; i < kWords.size(); ++i) {
    if (kWords[i] == word) return static_cast<Status>(i);
  }
  return std::nullopt;
}

}  // namespace vmafx::controller
