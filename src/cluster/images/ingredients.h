#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/images/assemble.h"

namespace cluster::images {

constexpr char kLoader[] = "/lib64/ld-linux-x86-64.so.2";
constexpr char kCertificates[] = "/etc/ssl/certs/ca-certificates.crt";

// The shared libraries that `program` needs, as the dynamic loader finds them here (soname and
// path), the loader included; empty for a static program. Runs the loader with --list (no code of
// the program runs).
struct SharedLibrary {
  std::string soname;
  std::filesystem::path path;
};
base::Result<std::vector<SharedLibrary>> SharedLibraries(const std::filesystem::path& program,
                                                         const base::Until& until);

// The files of this machine that an image is made of.
struct Ingredients {
  std::filesystem::path program;
  std::vector<std::filesystem::path> tools;  // in the order of ImageSpec::tools
  std::vector<SharedLibrary> libraries;      // that all of them need, each once
};
// kNotFound names the program and where it was looked for, or the library.
base::Result<Ingredients> FindIngredients(const ImageSpec& spec, const ProgramFolders& programs,
                                          const base::Until& until);

// Says whether an image would come out as before, without reading what it is made of: a digest of
// the list's entry, and of place, size, inode and time of every file (as make(1) judges, but not
// only newer ones count), this very program among them. kNotFound: one of the files is missing.
base::Result<std::string> Fingerprint(const ImageSpec& spec, const Ingredients& ingredients);

}  // namespace cluster::images
