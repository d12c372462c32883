#pragma once

// Where tests find what was built beside them, and the sources. ctest sets the two variables; where
// one is not set, the test program ends and says so.

#include <filesystem>
#include <string>

namespace sys::testing {

// The folder of the programs: $SEATRIAL_PROGRAM_DIR.
std::filesystem::path ProgramFolder();
// A program in it, as the first word of a command.
std::string Program(const std::string& name);
// The root of the repository: $SEATRIAL_SOURCE_DIR.
std::filesystem::path SourceFolder();

}  // namespace sys::testing
