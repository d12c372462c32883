#include "cluster/images/tar.h"

#include <gtest/gtest.h>

namespace cluster::images {
namespace {

TEST(TarTest, TheSameEntriesInAnyOrderGiveTheSameTar) {
  const Entry a{.path = "etc/a", .content = "1"};
  const Entry b{.path = "usr/bin/b", .content = "2", .mode = 0755};

  EXPECT_EQ(*MakeTar({a, b}), *MakeTar({b, a}));
  EXPECT_NE(*MakeTar({a, b}), *MakeTar({a}));
}

TEST(TarTest, ATarReadsBackWithParentsModesAndLinks) {
  const std::string tar = *MakeTar({{.path = "usr/bin/app", .content = "x", .mode = 0755},
                                    {.path = "app", .link = "usr/bin/app"}});

  const std::vector<Entry> entries = *ReadTar(tar);

  ASSERT_EQ(entries.size(), 4u);
  EXPECT_EQ(entries[0].link, "usr/bin/app");
  EXPECT_EQ(entries[1].path, "usr/");
  EXPECT_EQ(entries[3].path, "usr/bin/app");
  EXPECT_EQ(entries[3].mode, 0755);
}

// A header of a tar (POSIX ustar) and its content.
std::string TarBlock(const std::string& name, char type, const std::string& content) {
  std::string block(512, '\0');
  block.replace(0, name.size(), name);
  block.replace(100, 7, "0000644");
  block.replace(124, 11, fmt::format("{:011o}", content.size()));
  block.replace(148, 8, "        ");
  block[156] = type;
  block.replace(257, 8, std::string("ustar\00000", 8));
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  block.replace(148, 7, fmt::format("{:06o}", sum) + '\0');
  block += content;
  block.resize((block.size() + 511) / 512 * 512);
  return block;
}

TEST(TarTest, ATarThatUnpacksToMoreThanIsReadNamesTheLimitAndTheEntry) {
  const std::string tar = *MakeTar({{.path = "a", .content = std::string(1000, 'x')},
                                    {.path = "b", .content = std::string(1000, 'y')}});

  const auto long_one = ReadTar(tar, SIZE_MAX, {.bytes = 2001});
  const auto many = ReadTar(tar, SIZE_MAX, {.entries = 1});

  EXPECT_EQ(ReadTar(tar, SIZE_MAX, {.bytes = 2002, .entries = 2})->size(), 2u);
  ASSERT_TRUE(long_one.Is(base::Code::kInvalid));
  EXPECT_EQ(long_one.error().message(),
            "b: with its 1000 bytes the names and contents are more than the 2001 bytes that are "
            "read");
  EXPECT_TRUE(ReadTar(tar, 0, {.bytes = 2001}).Is(base::Code::kInvalid)) << "kept or not";
  ASSERT_TRUE(many.Is(base::Code::kInvalid));
  EXPECT_EQ(many.error().message(), "b: it is one entry more than the 1 that are read");
}

TEST(TarTest, ContentIsCutAndNamesStay) {
  const std::string tar = *MakeTar(
      {{.path = "a", .content = std::string(70'000, 'x')}, {.path = "b", .content = "yz"}});

  const std::vector<Entry> cut = *ReadTar(tar, 1);

  ASSERT_EQ(cut.size(), 2u);
  EXPECT_EQ(cut[0].content, "x");
  EXPECT_EQ(cut[1].content, "y");
  EXPECT_EQ(ReadTar(tar, 0)->at(1).path, "b");
}

// As the file of a certificate in Debian's ca-certificates is called.
TEST(TarTest, NamesMayHaveLettersOfAnyLanguage) {
  const std::string name = "etc/F\xC5\x91tan\xC3\xBAs\xC3\xADtv\xC3\xA1ny.crt";
  const std::vector<Entry> ours = *ReadTar(*MakeTar({{.path = name}}));
  ASSERT_EQ(ours.size(), 2u);
  EXPECT_EQ(ours[1].path, name);

  const std::string record = fmt::format("{} path={}\n", name.size() + 9, name);
  const std::string pax =
      TarBlock("pax", 'x', record) + TarBlock("etc/F", '0', "x") + std::string(1024, '\0');
  const auto theirs = ReadTar(pax);
  ASSERT_TRUE(theirs.ok()) << theirs.error().message();
  ASSERT_EQ(theirs->size(), 1u);
  EXPECT_EQ((*theirs)[0].path, name);
  EXPECT_EQ((*theirs)[0].content, "x");
}

TEST(TarTest, PathsThatLeaveTheImageOrComeTwiceAreRefused) {
  for (const char* path : {"/etc/passwd", "../x", "a/../../x", ""}) {
    EXPECT_TRUE(MakeTar({{.path = path}}).Is(base::Code::kInvalid)) << path;
  }
  EXPECT_TRUE(MakeTar({{.path = "a"}, {.path = "a"}}).Is(base::Code::kInvalid));
}

// GNU tar 1.0 of a file of `size` bytes that is a hole but for its last byte, the terabyte's.
std::string TarOfAHole(const std::string& size = "1099511627776") {
  const auto record = [](const std::string& text) {
    return fmt::format("{} {}\n", text.size() + 4, text);
  };
  const std::string map = "1\n1099511627775\n1\n";
  return TarBlock("pax", 'x',
                  record("GNU.sparse.major=1") + record("GNU.sparse.minor=0") +
                      record("GNU.sparse.name=hole") + record("GNU.sparse.realsize=" + size)) +
         TarBlock("hole", '0', map + std::string(512 - map.size(), '\0') + "x") +
         std::string(1024, '\0');
}

TEST(TarTest, HolesCountAsWhatTheyUnpackTo) {
  const auto read = ReadTar(TarOfAHole());

  ASSERT_TRUE(read.Is(base::Code::kInvalid));
  EXPECT_EQ(read.error().message(),
            "hole: with its 1099511627776 bytes the names and contents are more than the "
            "8589934592 bytes that are read");
  EXPECT_TRUE(ReadTar(TarOfAHole("10")).Is(base::Code::kInvalid)) << "holes behind the end";
}

}  // namespace
}  // namespace cluster::images
