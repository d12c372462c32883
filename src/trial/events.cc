#include "trial/events.h"

#include <fmt/format.h>

namespace trial {

std::string StepId::Text() const {
  return index < 0 ? name : fmt::format("{}-{}", index, name);
}

}  // namespace trial
