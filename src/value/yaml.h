#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "value/json.h"

namespace value {

// Where a node starts. Lines and columns count from 1.
struct Mark {
  int line = 0;
  int column = 0;
};

// "web.yaml:12:3: duplicate key "name""; "web.yaml: no such file" for a file as a whole.
struct Problem {
  std::string file;
  Mark mark;  // line 0: the file as a whole
  std::string message;
  bool warning = false;  // the text is still used
  std::string Format() const;
};

// One YAML document as JSON, with the place of each key and list element by path (JSON pointer
// text: "/spec/ports/0").
struct Document {
  Json json;
  std::string file;
  std::map<std::string, Mark> marks;
  Mark start;

  // The mark of `path`, or of its nearest known parent.
  Mark At(const std::vector<std::string>& path) const;
};

// All documents of a stream, read as kuttl reads them (sigs.k8s.io/yaml 1.6: YAML 1.1 scalars:
// yes/no/on/off are booleans, and so are the letters y and n, with a warning; 0644 is octal, 1_000
// a number; anchors and merge keys work, a merge replaces the keys above it; duplicate keys: last
// wins, with a warning; non-string keys become strings; a document that starts with { is JSON).
// Whole floats are integers. Documents are split at lines that start with ---; blank and
// comment-only ones are left out. Text after --- other than a comment is a problem. All problems
// are returned, not only the first (of broken syntax the first of each document); a document with
// an error is left out. Never throws; input may be hostile (depth at most 100, aliases expand to at
// most 200000 nodes and 64 MiB, size as given). Any thread.
struct ParsedYaml {
  std::vector<Document> documents;
  std::vector<Problem> problems;
  bool ok() const;  // no problem but warnings
};
ParsedYaml ParseYaml(std::string_view text, const std::string& file);

}  // namespace value
