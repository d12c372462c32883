#include "cluster/images/ingredients.h"

#include <elf.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <set>

#include "base/text.h"
#include "net/certificates.h"
#include "sys/error.h"
#include "sys/files.h"
#include "sys/process.h"
#include "value/json.h"

namespace cluster::images {
namespace {

using base::Code;
using base::Fail;
using base::Result;
using value::Json;

// Whether it is a program that asks for no dynamic loader (program header PT_INTERP, elf(5)). The
// loader itself is no judge of these: it crashes on those that are not position-independent.
bool IsStatic(std::string_view elf) {
  Elf64_Ehdr header;
  if (elf.size() < sizeof header) return false;
  std::memcpy(&header, elf.data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return false;
  for (size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr part;
    const size_t at = header.e_phoff + i * sizeof part;
    if (at > elf.size() || elf.size() - at < sizeof part) return false;
    std::memcpy(&part, elf.data() + at, sizeof part);
    if (part.p_type == PT_INTERP) return false;
  }
  return true;
}

Result<std::filesystem::path> FindTool(const ImageSpec& spec, const std::string& name,
                                       const ProgramFolders& folders) {
  std::vector<std::string> names;
  for (const std::filesystem::path& folder : folders) {
    if (std::filesystem::is_regular_file(folder / name)) return folder / name;
    names.push_back((folder / name).string());
  }
  return Fail(Code::kNotFound,
              "image {}: no program {}: build it first, or name its folder with --programs",
              spec.repository, base::Join(names, " or "));
}

// What the program and its tools need together, each once.
Result<std::vector<SharedLibrary>> AllLibraries(const std::filesystem::path& program,
                                                const std::vector<std::filesystem::path>& tools,
                                                const base::Until& until) {
  std::vector<SharedLibrary> all = TRY(SharedLibraries(program, until));
  std::set<std::string> seen;
  for (const SharedLibrary& library : all) seen.insert(library.soname);
  for (const std::filesystem::path& tool : tools) {
    for (SharedLibrary& library : TRY(SharedLibraries(tool, until)))
      if (seen.insert(library.soname).second) all.push_back(std::move(library));
  }
  return all;
}

}  // namespace

Result<std::vector<SharedLibrary>> SharedLibraries(const std::filesystem::path& program,
                                                   const base::Until& until) {
  if (IsStatic(TRY(sys::ReadFile(program)))) return std::vector<SharedLibrary>();
  const sys::Exit listed = TRY(sys::Run({.argv = {kLoader, "--list", program.string()}}, until));
  std::vector<SharedLibrary> libraries;
  if (listed.output.find("statically linked") != std::string::npos ||
      listed.output.find("not a dynamic executable") != std::string::npos)
    return libraries;
  if (!listed.ok())
    return Fail(Code::kInvalid, "{}: the dynamic loader cannot read it: {}", program.string(),
                base::Trim(listed.output));
  std::set<std::string> seen;
  for (const std::string& line : base::Split(listed.output, '\n')) {
    if (line.find("not found") != std::string::npos)
      return Fail(Code::kNotFound, "{} needs a library that is not installed: {}", program.string(),
                  base::Trim(line));
    const size_t arrow = line.find(" => ");
    const size_t end = line.rfind(" (0x");
    if (arrow == std::string::npos || end == std::string::npos || end < arrow) continue;
    const std::string soname(base::Trim(line.substr(0, arrow)));
    const std::string path = line.substr(arrow + 4, end - arrow - 4);
    if (soname != kLoader && seen.insert(soname).second) libraries.push_back({soname, path});
  }
  libraries.push_back({std::filesystem::path(kLoader).filename(), kLoader});
  return libraries;
}

Result<Ingredients> FindIngredients(const ImageSpec& spec, const ProgramFolders& programs,
                                    const base::Until& until) {
  Ingredients found;
  found.program = TRY(FindTool(spec, spec.program, programs));
  for (const std::string& tool : spec.tools)
    found.tools.push_back(TRY(FindTool(spec, tool, programs)));
  found.libraries =
      TRY(AllLibraries(found.program, found.tools, until).During("image " + spec.repository));
  return found;
}

Result<std::string> Fingerprint(const ImageSpec& spec, const Ingredients& ingredients) {
  std::vector<std::filesystem::path> paths = {"/proc/self/exe", ingredients.program};
  paths.insert(paths.end(), ingredients.tools.begin(), ingredients.tools.end());
  for (const SharedLibrary& library : ingredients.libraries) paths.push_back(library.path);
  if (spec.ca_certificates) paths.emplace_back(kCertificates);
  Json all = {spec.repository, spec.tag,  spec.program,    spec.arguments,
              spec.tools,      spec.user, spec.most_bytes, spec.ca_certificates};
  for (const ImageSpec::File& file : spec.files) {
    paths.emplace_back(file.from);
    all.push_back({file.to, file.mode});
  }
  for (const SharedLibrary& library : ingredients.libraries) all.push_back(library.soname);
  for (const std::filesystem::path& path : paths) {
    struct stat info {};
    if (stat(path.c_str(), &info) != 0)
      return sys::SystemError(errno, fmt::format("image {}: {}", spec.repository, path.string()));
    all.push_back({path.string(), static_cast<int64_t>(info.st_size),
                   static_cast<uint64_t>(info.st_ino), static_cast<int64_t>(info.st_mtim.tv_sec),
                   static_cast<int64_t>(info.st_mtim.tv_nsec)});
  }
  return net::Sha256Hex(all.dump());
}

}  // namespace cluster::images
