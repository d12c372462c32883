#include "trial/read_expressions.h"

#include <algorithm>

#include <fmt/format.h>

namespace trial {
namespace {

// A name that an expression can use: CEL's IDENT.
bool IsIdentifier(const std::string& name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9');
  });
}

ResourceRef ReadRef(Fields& fields) {
  ResourceRef ref;
  ref.place = fields.Here();
  const std::string version = fields.String("apiVersion");
  const std::string kind = fields.String("kind");
  ref.kind = kube::Kind::Of(version, kind);
  ref.name = fields.String("name");
  ref.ns = fields.String("namespace");
  ref.ref = fields.String("ref");
  Problems& problems = fields.problems();
  const std::pair<const char*, const std::string&> needed[] = {
      {"apiVersion", version}, {"kind", kind}, {"name", ref.name}, {"ref", ref.ref}};
  for (const auto& [name, value] : needed)
    if (value.empty())
      problems.Error(ref.place, fmt::format("a resource reference needs {}", name));
  if (std::count(version.begin(), version.end(), '/') > 1) {
    problems.Error(fields.At("apiVersion"),
                   fmt::format("\"{}\" is no apiVersion: VERSION or GROUP/VERSION", version));
  }
  if (!ref.ref.empty() && !IsIdentifier(ref.ref)) {
    problems.Warn(fields.At("ref"),
                  fmt::format("no expression can use \"{}\" as a variable: letters, digits and "
                              "underscores make one",
                              ref.ref));
  }
  return ref;
}

std::vector<Expression> ReadList(Fields& fields, const std::string& name) {
  std::vector<Expression> expressions;
  fields.Each(name, "an entry of " + name, [&](Fields& element) {
    const std::string text = element.String("celExpr");
    if (text.empty() && !element.Has("celExpr"))
      element.problems().Error(element.Here(), fmt::format("an entry of {} needs celExpr", name));
    else
      expressions.push_back({element.At("celExpr"), text});
  });
  return expressions;
}

}  // namespace

void ReadExpressions(Fields& fields, CheckSpec& check) {
  fields.Each("resourceRefs", "a resource reference",
              [&](Fields& element) { check.refs.push_back(ReadRef(element)); });
  check.assert_any = ReadList(fields, "assertAny");
  check.assert_all = ReadList(fields, "assertAll");
}

}  // namespace trial
