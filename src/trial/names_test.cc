#include "trial/names.h"

#include <set>

#include <gtest/gtest.h>
#include <re2/re2.h>

namespace trial {
namespace {

struct Row {
  const char* file;
  int index;  // -1: no step file
  FileType type;
  const char* name;
};

// kuttl's own table of names, and the ones that real suites stumble over.
constexpr Row kRows[] = {
    {"00-foo.yaml", 0, FileType::kApply, "foo"},
    {"01-foo.yaml", 1, FileType::kApply, "foo"},
    {"1-foo.yaml", 1, FileType::kApply, "foo"},
    {"001-foo.yaml", 1, FileType::kApply, "foo"},
    {"01-foo-bar.yaml", 1, FileType::kApply, "foo-bar"},
    {"01-foo-bar-baz.yaml", 1, FileType::kApply, "foo-bar-baz"},
    {"00-assert.yaml", 0, FileType::kAssert, "assert"},
    {"00-Assert.yaml", 0, FileType::kAssert, "Assert"},
    {"00-ASSERT.yaml", 0, FileType::kAssert, "ASSERT"},
    {"00-assert-bar.yaml", 0, FileType::kAssert, "assert-bar"},
    {"00-assert--x.yaml", 0, FileType::kAssert, "assert--x"},
    {"00-errors.yaml", 0, FileType::kErrors, "errors"},
    {"00-error.yaml", 0, FileType::kApply, "error"},
    {"00-asserts.yaml", 0, FileType::kApply, "asserts"},
    {"00-foo", 0, FileType::kApply, "foo"},
    {"01-assert", 1, FileType::kAssert, "assert"},
    {"00-foo_bar.yaml", 0, FileType::kApply, "foo_bar"},
    {"10-foo.gotmpl.yaml", 10, FileType::kApply, "foo"},
    {"00-errors-x.gotmpl.yaml", 0, FileType::kErrors, "errors-x"},
    {"00-foo.yml", -1, FileType::kApply, ""},
    {"00-foo.json", -1, FileType::kApply, ""},
    {"00-foo.sh", -1, FileType::kApply, ""},
    {"00-foo.bar.yaml", -1, FileType::kApply, ""},
    {"1-foo.gotmpl", -1, FileType::kApply, ""},
    {"00-foo.yaml.j2", -1, FileType::kApply, ""},
    {"00--cluster.yaml", -1, FileType::kApply, ""},
    {"00--assert.yaml", -1, FileType::kApply, ""},
    {"00.yaml", -1, FileType::kApply, ""},
    {"foo-01.yaml", -1, FileType::kApply, ""},
    {"chainsaw-test.yaml", -1, FileType::kApply, ""},
    {"99999999999-foo.yaml", -1, FileType::kApply, ""},
    {".hidden.yaml", -1, FileType::kApply, ""},
};

TEST(NamesTest, ReadsFileNamesAsKuttlDoes) {
  for (const Row& row : kRows) {
    const auto parsed = ParseFileName(row.file);
    const bool is_step_file = parsed.ok() && parsed->index.has_value();
    ASSERT_EQ(is_step_file, row.index >= 0) << row.file;
    if (!is_step_file) continue;
    EXPECT_EQ(static_cast<int>(*parsed->index), row.index) << row.file;
    EXPECT_EQ(parsed->type, row.type) << row.file;
    EXPECT_EQ(parsed->name, row.name) << row.file;
  }
}

TEST(NamesTest, TellsTemplatesApart) {
  EXPECT_TRUE(ParseFileName("10-foo.gotmpl.yaml")->is_template);
  EXPECT_FALSE(ParseFileName("10-foo.yaml")->is_template);
}

TEST(NamesTest, PatternsAreGosAndAMalformedOneIsRefused) {
  EXPECT_TRUE(*MatchesPattern("README*", "README.md"));
  EXPECT_FALSE(*MatchesPattern("README*", "00-README.yaml"));
  EXPECT_TRUE(*MatchesPattern("*.[mt]d", "notes.md"));
  EXPECT_TRUE(*MatchesPattern("[!a]*", "!x"));
  EXPECT_FALSE(*MatchesPattern("[!a]*", "bx"));
  EXPECT_TRUE(*MatchesPattern("[^a]*", "bx"));
  EXPECT_TRUE(*MatchesPattern("[[:x]", "["));
  EXPECT_FALSE(*MatchesPattern(std::string("plain\0x", 7), "plain"));
  for (const char* bad : {"[", "[]", "a[^", "x\\"})
    EXPECT_FALSE(MatchesPattern(bad, "x").ok()) << bad;
}

TEST(NamesTest, NamespacesLookLikeKuttlsAndDiffer) {
  const RE2 shape("kuttl-[a-z]+-[a-z]+-[bcdfghjklmnpqrstvwxz2456789]{4}");
  std::set<std::string> names;
  for (uint64_t i = 0; i < 200; ++i) {
    const std::string name = NamespaceName(i * 0x9e3779b97f4a7c15u);
    EXPECT_TRUE(RE2::FullMatch(name, shape)) << name;
    names.insert(name);
  }
  EXPECT_EQ(names.size(), 200u);
}

}  // namespace
}  // namespace trial
