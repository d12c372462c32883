#include "sys/files.h"

#include <sys/stat.h>

#include <gtest/gtest.h>

namespace sys {
namespace {

namespace fs = std::filesystem;

mode_t ModeOf(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0);
  return status.st_mode & 07777;
}

size_t EntriesIn(const fs::path& folder) {
  return static_cast<size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(FilesTest, ReadsBackWhatItWroteWithTheModeAskedFor) {
  TempDir dir = *TempDir::Make();
  const fs::path file = dir.path() / "key";

  ASSERT_TRUE(WriteFileAtomically(file, std::string_view("a\0b", 3), 0600).ok());

  EXPECT_EQ(*ReadFile(file), std::string("a\0b", 3));
  EXPECT_EQ(ModeOf(file), 0600u);
  EXPECT_EQ(EntriesIn(dir.path()), 1u);
}

TEST(FilesTest, KeepsTheOldFileAndLeavesNothingBesideItWhenWritingFails) {
  TempDir dir = *TempDir::Make();
  const fs::path folder = dir.path() / "taken";
  ASSERT_TRUE(MakeDirs(folder / "inside").ok());

  const auto written = WriteFileAtomically(folder, "text");

  EXPECT_FALSE(written.ok());
  EXPECT_NE(written.error().message().find(folder.string()), std::string::npos);
  EXPECT_EQ(EntriesIn(dir.path()), 1u);
}

TEST(FilesTest, SaysWhichFileIsMissing) {
  const auto content = ReadFile("/no/such/file");

  ASSERT_TRUE(content.Is(base::Code::kNotFound));
  EXPECT_EQ(content.error().message(), "/no/such/file: no such file or directory");
}

TEST(FilesTest, RefusesADirectoryAndAFileAboveTheLimit) {
  TempDir dir = *TempDir::Make();
  ASSERT_TRUE(WriteFileAtomically(dir.path() / "five", "12345").ok());

  EXPECT_TRUE(ReadFile(dir.path()).Is(base::Code::kInvalid));
  EXPECT_TRUE(ReadFile(dir.path() / "five", 4).Is(base::Code::kInvalid));
  EXPECT_TRUE(ReadFile(dir.path() / "five", 5).ok());
}

TEST(FilesTest, MakesMissingParentsAndAcceptsWhatIsThere) {
  TempDir dir = *TempDir::Make();
  const fs::path deep = dir.path() / "a" / "b" / "c";

  EXPECT_TRUE(MakeDirs(deep, 0700).ok());
  EXPECT_TRUE(MakeDirs(deep, 0700).ok());
  EXPECT_EQ(ModeOf(deep.parent_path()), 0700u);
}

TEST(FilesTest, RefusesAFolderWhereAFileIs) {
  TempDir dir = *TempDir::Make();
  ASSERT_TRUE(WriteFileAtomically(dir.path() / "file", "x").ok());

  EXPECT_TRUE(MakeDirs(dir.path() / "file").Is(base::Code::kExists));
}

TEST(TempDirTest, RemovesItsContentAndMovesItsOwnership) {
  fs::path path;
  {
    TempDir dir = *TempDir::Make("seatrial-test");
    path = dir.path();
    EXPECT_EQ(ModeOf(path), 0700u);
    ASSERT_TRUE(MakeDirs(path / "deep" / "er").ok());
    TempDir moved = std::move(dir);
    EXPECT_EQ(moved.path(), path);
  }
  EXPECT_FALSE(fs::exists(path));
}

}  // namespace
}  // namespace sys
