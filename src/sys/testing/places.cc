#include "sys/testing/places.h"

#include <cstdlib>

#include "base/check.h"

namespace sys::testing {
namespace {

std::filesystem::path Folder(const char* variable) {
  const char* folder = std::getenv(variable);
  if (folder == nullptr || *folder == '\0')
    base::CheckFailed(__FILE__, __LINE__, variable, "is not set: run the test by ctest, or set it");
  return folder;
}

}  // namespace

std::filesystem::path ProgramFolder() {
  return Folder("SEATRIAL_PROGRAM_DIR");
}

std::string Program(const std::string& name) {
  return ProgramFolder() / name;
}

std::filesystem::path SourceFolder() {
  return Folder("SEATRIAL_SOURCE_DIR");
}

}  // namespace sys::testing
