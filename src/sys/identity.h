#pragma once

// Names of processes that another process can check later, after a crash too.

#include <string>
#include <string_view>

#include "base/result.h"

namespace sys {

// This process: the boot of its machine, its PID namespace, its number and the time it was started
// at, so that a number that was given out again is not mistaken for it. proc(5).
base::Result<std::string> ProcessIdentity();

enum class Life {
  kAlive,
  kDead,
  kElsewhere,  // on another machine, before its last boot, or in another PID namespace: not ours to
               // see. Also a text that is no identity
};
Life LifeOf(std::string_view identity);

}  // namespace sys
