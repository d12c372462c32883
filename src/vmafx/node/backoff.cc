#include "vmafx/node/backoff.h"

#include <algorithm>
#include <functional>

namespace vmafx::node {

Spread::Spread(const std::string& name) : random_(std::hash<std::string>()(name)) {}

base::Duration Spread::Below(base::Duration wait) {
  constexpr int kParts = 4;
  constexpr uint64_t kSteps = 1024;
  // Knuth's MMIX generator: spread is all that is needed.
  random_ = random_ * 6364136223846793005U + 1442695040888963407U;
  const auto cut = static_cast<int64_t>((random_ >> 33) % kSteps);
  return wait - wait * cut / (kParts * static_cast<int64_t>(kSteps));
}

Backoff::Backoff(base::Duration first, base::Duration most, const std::string& name)
    : first_(first), next_(first), most_(most), spread_(name) {}

base::Duration Backoff::Next() {
  const base::Duration wait = spread_.Below(next_);
  next_ = std::min(next_ * 2, most_);
  return wait;
}

bool MayRetry(const base::Error& error) {
  return error.code() == base::Code::kUnavailable || error.code() == base::Code::kTimeout ||
         error.code() == base::Code::kInternal;
}

}  // namespace vmafx::node
