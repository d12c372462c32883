#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/images/archive.h"

namespace cluster::images {

// What goes into one image: a program, its shared libraries, CA certificates where asked, user
// 65532, and nothing else.
struct ImageSpec {
  struct File {
    std::string from;  // on this machine
    std::string to;    // in the image
    int mode = 0644;
  };
  std::string repository;  // "localhost/vmafx/vmafx-operator", without a tag
  std::string tag;      // empty: made of the content, "sha-" and the start of the manifest's digest
  std::string program;  // file name in the programs folder; put at /usr/local/bin/NAME, which is
                        // the entry point
  std::vector<File> files;
  bool ca_certificates = false;
  int user = 65532;
};

// The shared libraries that `program` needs, as the dynamic loader finds them here (soname and
// path), the loader included; empty for a static program. Runs the loader with --list (no code of
// the program runs).
struct SharedLibrary {
  std::string soname;
  std::filesystem::path path;
};
base::Result<std::vector<SharedLibrary>> SharedLibraries(const std::filesystem::path& program,
                                                         const base::Until& until);

struct AssembledImage {
  std::string name;  // repository:tag, the tag made of the manifest's digest: the same content has
                     // the same name
  std::string digest;   // of the manifest
  size_t size = 0;      // of all layers, bytes
  std::string archive;  // tar bytes
};

// Assembles `spec` with programs from `programs`. Three layers: ground (users, certificates),
// libraries, program, so that a changed program changes one small layer. The same inputs give the
// same bytes.
base::Result<AssembledImage> Assemble(const ImageSpec& spec, const std::filesystem::path& programs,
                                      const base::Until& until);

}  // namespace cluster::images
