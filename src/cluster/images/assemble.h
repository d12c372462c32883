#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/images/archive.h"

namespace cluster::images {

// What goes into one image: a program and those that it starts, their shared libraries, CA
// certificates where asked, user 65532, and nothing else.
struct ImageSpec {
  struct File {
    std::string from;  // on this machine
    std::string to;    // in the image
    int mode = 0644;
  };
  std::string repository;  // "localhost/vmafx/vmafx-operator", without a tag
  std::string tag;      // empty: made of the content, "sha-" and the start of the manifest's digest
  std::string program;  // file name in a programs folder; put at /usr/local/bin/NAME, which is the
                        // entry point
  std::vector<std::string> arguments;  // that it gets where the container names none
  std::vector<std::string> tools;      // more programs: found and put as `program`
  std::vector<File> files;
  bool ca_certificates = false;
  int user = 65532;
  size_t most_bytes = 0;  // all layers together; 0: any
};

// The last part of the repository: "vmafx-operator".
std::string ShortName(const ImageSpec& spec);

struct AssembledImage {
  std::string name;  // repository:tag, the tag made of the manifest's digest: the same content has
                     // the same name
  std::string digest;   // of the manifest
  size_t size = 0;      // of all layers, bytes
  std::string archive;  // tar bytes
};

// Folders of programs: each program is taken from the first that has it.
using ProgramFolders = std::vector<std::filesystem::path>;

// Assembles `spec`. Four layers: ground (users, certificates), libraries, tools and files, program
// (those that are empty are left out), so that a changed program changes one small layer. The same
// inputs give the same bytes. kNotFound: a program or file is missing; kInvalid: the image is
// larger than it may be, with what is large in it.
base::Result<AssembledImage> Assemble(const ImageSpec& spec, const ProgramFolders& programs,
                                      const base::Until& until);

}  // namespace cluster::images
