#include "trial/remote_files.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "trial/loader.h"

namespace trial {
namespace {

namespace fs = std::filesystem;
using base::Code;
using ::testing::HasSubstr;

struct Entry {
  std::string path;
  std::string text;
  std::string link = "";
};

// A gzipped tar of the entries.
std::string Tgz(const std::vector<Entry>& entries) {
  std::string bytes(1 << 20, '\0');
  size_t used = 0;
  ::archive* writer = archive_write_new();
  archive_write_set_format_pax_restricted(writer);
  archive_write_add_filter_gzip(writer);
  archive_write_open_memory(writer, bytes.data(), bytes.size(), &used);
  for (const Entry& one : entries) {
    archive_entry* header = archive_entry_new();
    archive_entry_set_pathname(header, one.path.c_str());
    archive_entry_set_perm(header, 0644);
    archive_entry_set_filetype(header, one.link.empty() ? AE_IFREG : AE_IFLNK);
    if (!one.link.empty()) archive_entry_set_symlink(header, one.link.c_str());
    archive_entry_set_size(header, static_cast<int64_t>(one.text.size()));
    archive_write_header(writer, header);
    archive_write_data(writer, one.text.data(), one.text.size());
    archive_entry_free(header);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  bytes.resize(used);
  return bytes;
}

LoadOptions Options(RemoteFiles& remote) {
  LoadOptions options;
  options.remote = &remote;
  return options;
}

constexpr char kMap[] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

TEST(RemoteFilesTest, TestsComeOutOfAnArchiveAtAUrl) {
  RemoteFiles remote([](const std::string& url) -> base::Result<std::string> {
    EXPECT_EQ(url, "https://example.com/suites/more.tgz?raw=1");
    return Tgz({{"first/00-map.yaml", kMap}, {"first/00-link.yaml", "", "00-map.yaml"}});
  });
  Problems problems(false);

  const auto tests =
      LoadTests("https://example.com/suites/more.tgz?raw=1", Options(remote), problems);

  EXPECT_TRUE(problems.all().empty()) << problems.all().front().Format();
  ASSERT_EQ(tests.size(), 1u);
  EXPECT_EQ(tests[0].name, "first");
  EXPECT_EQ(tests[0].suite, "https://example.com/suites/more.tgz?raw=1");
  EXPECT_EQ(tests[0].directory.parent_path().filename(), "more");
  EXPECT_EQ(tests[0].steps.at(0).apply.size(), 2u) << "the link is followed";
}

TEST(RemoteFilesTest, WhatAStepNamesByUrlIsReadWithThePlaceOfEveryProblem) {
  RemoteFiles remote([](const std::string& url) -> base::Result<std::string> {
    if (url.ends_with("good.yaml")) return std::string(kMap);
    if (url.ends_with("bad.yaml")) return std::string("a: [");
    return base::Fail(Code::kUnavailable, "{}: the server answered 404", url);
  });
  Problems problems(false);

  const Step step = LoadAsserts({"http://example.com/good.yaml", "http://example.com/bad.yaml",
                                 "http://example.com/none.yaml"},
                                Options(remote), problems);

  EXPECT_EQ(step.asserts.size(), 1u);
  ASSERT_EQ(problems.all().size(), 2u);
  EXPECT_THAT(problems.all()[0].Format(), HasSubstr("http://example.com/bad.yaml:2:1: "));
  EXPECT_THAT(problems.all()[1].Format(), HasSubstr("the server answered 404"));
}

TEST(RemoteFilesTest, AnArchiveWritesNothingOutsideOfItsFolder) {
  const sys::TempDir folder = *sys::TempDir::Make();
  const fs::path inside = folder.path() / "inside";
  fs::create_directories(inside);

  EXPECT_TRUE(UnpackTar(Tgz({{"../out.yaml", kMap}}), inside).Is(Code::kInvalid));
  EXPECT_TRUE(UnpackTar(Tgz({{"/out.yaml", kMap}}), inside).Is(Code::kInvalid));
  EXPECT_TRUE(UnpackTar(Tgz({{"a/link", "", "../../out.yaml"}}), inside).Is(Code::kInvalid));
  EXPECT_TRUE(UnpackTar(Tgz({{"link", "", "/etc"}}), inside).Is(Code::kInvalid));
  EXPECT_FALSE(fs::exists(folder.path() / "out.yaml"));
  EXPECT_TRUE(fs::is_empty(inside));
}

// "x" leads to the folder itself, so the others are outside, though their words stay inside.
TEST(RemoteFilesTest, NoLinkOfAnArchiveLeadsOutByWayOfAnother) {
  const sys::TempDir folder = *sys::TempDir::Make();
  const fs::path inside = folder.path() / "inside";
  fs::create_directories(inside);

  for (const std::vector<Entry>& entries :
       {std::vector<Entry>{{"d/x", "", ".."}, {"d/x/y/z", "", "../../.."}},
        std::vector<Entry>{{"d/x", "", ".."}, {"out", "", "d/x/../.."}},
        std::vector<Entry>{{"d/x", "", ".."}, {"out", "", "d/x/../.."}, {"out/new/l", "", "q"}}}) {
    const auto unpacked = UnpackTar(Tgz(entries), inside);
    EXPECT_TRUE(unpacked.Is(Code::kInvalid)) << entries.back().path;
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1) << "only `inside`";
    fs::remove_all(inside);
    fs::create_directories(inside);
  }
  EXPECT_TRUE(UnpackTar(Tgz({{"a", "", "a"}}), inside).Is(Code::kInvalid)) << "in a circle";
}

TEST(RemoteFilesTest, NamesMayHaveLettersOfAnyLanguage) {
  const sys::TempDir folder = *sys::TempDir::Make();

  const auto unpacked = UnpackTar(Tgz({{"\xC3\xA9t\xC3\xA9/00-map.yaml", kMap}}), folder.path());

  ASSERT_TRUE(unpacked.ok()) << unpacked.error().message();
  EXPECT_EQ(*sys::ReadFile(folder.path() / "\xC3\xA9t\xC3\xA9/00-map.yaml"), kMap);
}

TEST(RemoteFilesTest, WhatIsNoArchiveIsRefused) {
  const sys::TempDir folder = *sys::TempDir::Make();

  EXPECT_TRUE(UnpackTar("<html>not found</html>", folder.path()).Is(Code::kInvalid));
  // Of an archive that is nothing but the extension of a header libarchive has no words.
  std::string extension(1024, '\0');
  extension.replace(0, 3, "pax");
  extension.replace(124, 11, "00000000001");
  extension[156] = 'x';
  extension.replace(257, 8, std::string("ustar\00000", 8));
  extension.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : extension.substr(0, 512)) sum += static_cast<unsigned char>(c);
  extension.replace(148, 7, fmt::format("{:06o}", sum) + '\0');
  EXPECT_TRUE(UnpackTar(extension, folder.path()).Is(Code::kInvalid));
}

TEST(RemoteFilesTest, AUrlHasASchemeAndAHost) {
  EXPECT_TRUE(IsUrl("http://x/y.yaml"));
  EXPECT_TRUE(IsUrl("https://x"));
  EXPECT_FALSE(IsUrl("https://"));
  EXPECT_FALSE(IsUrl("tests/http"));
  EXPECT_FALSE(IsUrl("ftp://x/y.tgz"));
}

}  // namespace
}  // namespace trial
