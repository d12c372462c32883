#include "vmafx/node/inputs.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "base/text.h"

namespace vmafx::node {

using base::Code;
using base::Fail;
using base::Result;

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kFile = "file://";

// RFC 3986, 2.1.
Result<std::string> DecodePercent(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    unsigned char byte = 0;
    const char* begin = text.data() + i + 1;
    const bool whole = i + 2 < text.size();
    if (!whole || std::from_chars(begin, begin + 2, byte, 16).ptr != begin + 2 || byte == 0) {
      return Fail(Code::kInvalid, "\"{}\" has a bad percent-escape", text);
    }
    decoded += static_cast<char>(byte);
    i += 2;
  }
  return decoded;
}

// The absolute path that the URI spells.
Result<std::string> PathOf(const std::string& uri) {
  if (uri.starts_with('/')) return uri;
  if (uri.starts_with(kFile)) {
    std::string_view rest = std::string_view(uri).substr(kFile.size());
    if (rest.starts_with("localhost/")) rest.remove_prefix(std::string_view("localhost").size());
    if (!rest.starts_with('/')) {
      return Fail(Code::kInvalid, "{} names a host: write file:///absolute/path", uri);
    }
    return DecodePercent(rest);
  }
  const size_t colon = uri.find("://");
  if (colon != std::string::npos) {
    return Fail(Code::kInvalid,
                "{}: scheme {} is not supported by this version (supported: file:///absolute/path)",
                uri, uri.substr(0, colon));
  }
  return Fail(Code::kInvalid,
              "\"{}\" is neither a URI nor an absolute path (supported: "
              "file:///absolute/path)",
              uri);
}

bool IsBelow(const fs::path& path, const fs::path& root) {
  return std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first == root.end();
}

std::string Names(const std::vector<fs::path>& roots) {
  std::vector<std::string> names;
  for (const fs::path& root : roots) names.push_back(root.string());
  return base::Join(names, ", ");
}

}  // namespace

Result<fs::path> ResolveInput(const std::string& uri, const std::vector<fs::path>& roots) {
  const fs::path path = TRY(PathOf(uri));
  if (roots.empty()) {
    return Fail(Code::kDenied, "{}: this worker may read no files: VMAFX_SCORING_ROOTS is empty",
                uri);
  }
  // Before anything is said about the file: outside the roots, whether it exists is nobody's
  // business.
  std::error_code problem;
  const fs::path real = fs::weakly_canonical(path, problem);
  const bool allowed = !problem && std::ranges::any_of(roots, [&](const fs::path& root) {
    std::error_code root_problem;
    const fs::path real_root = fs::canonical(root, root_problem);
    return !root_problem && IsBelow(real, real_root);
  });
  if (!allowed) {
    return Fail(Code::kDenied, "{} is outside of the folders that this worker may read ({})", uri,
                Names(roots));
  }
  const fs::file_status status = fs::status(real, problem);
  if (status.type() == fs::file_type::not_found) {
    return Fail(Code::kNotFound, "{}: no such file", uri);
  }
  if (problem) return Fail(Code::kDenied, "{}: {}", uri, problem.message());
  if (status.type() != fs::file_type::regular) {
    return Fail(Code::kInvalid, "{} is not a regular file", uri);
  }
  return real;
}

}  // namespace vmafx::node
