// A suite of several files: each begins with a line "=== NAME"; kuttl-test.yaml is the config, all
// else is in the one test's directory.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/check.h"
#include "fuzz/input.h"
#include "sys/files.h"
#include "trial/loader.h"

namespace {

namespace fs = std::filesystem;

constexpr size_t kMostFiles = 12;
constexpr size_t kLongestName = 60;

// What can be a file's name; "" otherwise.
std::string FileName(std::string_view line) {
  std::string name(line.substr(0, line.find('\n')));
  name.erase(0, name.find_first_not_of(' '));
  const bool harmless = std::all_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != '/' && c != '\x7f';
  });
  return harmless && name.size() <= kLongestName && name != "." && name != ".." ? name : "";
}

// The folder of this process, made once and removed at its end.
const fs::path& Folder() {
  static const auto folder = sys::TempDir::Make("fuzz-suite");
  CHECK(folder.ok());
  return folder->path();
}

void WriteSuite(std::string_view text, const fs::path& folder) {
  fs::remove_all(folder);
  fs::create_directories(folder / "suite" / "test");
  const auto parts = fuzz::Parts(text, "===");
  for (size_t i = 0; i < std::min(parts.size(), kMostFiles); ++i) {
    const std::string name = FileName(parts[i]);
    if (name.empty()) continue;
    const size_t end = parts[i].find('\n');
    const std::string_view content =
        end == std::string_view::npos ? std::string_view() : parts[i].substr(end + 1);
    const fs::path file =
        name == "kuttl-test.yaml" ? folder / name : folder / "suite" / "test" / name;
    std::ofstream(file, std::ios::binary) << content;
  }
}

size_t Load(const fs::path& folder, trial::Problems& problems) {
  trial::LoadOptions options;
  options.environment = {{"HOME", "/root"}, {"NAME", "value"}};
  if (const fs::path config = folder / "kuttl-test.yaml"; fs::exists(config))
    options.ignore_files = trial::LoadConfig(config.string(), problems).ignore_files;
  const size_t tests = trial::LoadTests((folder / "suite").string(), options, problems).size();
  trial::LoadManifests((folder / "suite").string(), problems);
  return tests;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fs::path folder = Folder() / "case";
  WriteSuite(fuzz::Text(data, size), folder);
  trial::Problems problems(false);
  trial::Problems strict(true);
  const size_t tests = Load(folder, problems);
  CHECK(tests == 1);
  CHECK(Load(folder, strict) == tests);
  CHECK(problems.all().empty() == strict.all().empty());
  for (const value::Problem& problem : problems.all())
    CHECK(!problem.file.empty() && !problem.message.empty());
  for (const value::Problem& problem : strict.all()) CHECK(!problem.warning);
  return 0;
}
