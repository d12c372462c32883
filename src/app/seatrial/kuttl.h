#pragma once

// The program as kuttl: called kubectl-kuttl (`kubectl kuttl`), it has kuttl's commands, flags,
// default cluster and exit codes, so that a Makefile or a CI job needs no change.

#include "app/seatrial/commands.h"

namespace app {

// Is the program called kubectl-kuttl (or kuttl)?
bool CalledAsKuttl(const char* program);

// kuttl's main. 0; 1: a test failed, or the suite could not be set up or read; 255: all that cobra
// refuses (unknown flag, no test directories), asserts that do not hold, an interrupt.
int KuttlMain(int argc, char** argv, Context& context);

}  // namespace app
