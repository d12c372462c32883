#include "vmafx/scoring/whole_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/fd.h"

namespace vmafx::scoring {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;

base::Result<> Check(const std::string& bytes) {
  const sys::Fd file(memfd_create("file", MFD_CLOEXEC));
  EXPECT_EQ(write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return CheckWholeFile(file.get());
}

std::string WhyNot(const std::string& bytes) {
  auto checked = Check(bytes);
  return checked.ok() ? "it is whole" : checked.error().message();
}

std::string Box(const std::string& type, size_t content) {
  std::string box = "\0\0\0\0"s + type + std::string(content, 'x');
  box[2] = static_cast<char>(box.size() >> 8);
  box[3] = static_cast<char>(box.size());
  return box;
}

TEST(WholeFileTest, KnowsAnMp4ThatIsCutInABox) {
  const std::string whole = Box("ftyp", 8) + Box("moov", 100) + Box("mdat", 1000);
  EXPECT_TRUE(Check(whole).ok());
  EXPECT_EQ(
      WhyNot(whole.substr(0, 500)),
      "it is cut short: box \"mdat\" at byte 124 has 1008 bytes, but the file ends after 376 of "
      "them; fetch it again or compare its size with the original's");
  EXPECT_THAT(WhyNot(whole.substr(0, 60)), HasSubstr("box \"moov\" at byte 16 has 108 bytes"));
}

TEST(WholeFileTest, ReadsLongBoxesAndThoseThatReachToTheEnd) {
  const std::string start = Box("ftyp", 8);
  EXPECT_TRUE(Check(start + "\0\0\0\1mdat\0\0\0\0\0\0\0\x18"s + "12345678").ok());
  EXPECT_FALSE(Check(start + "\0\0\0\1mdat\0\0\0\0\0\0\0\x18"s + "1234567").ok());
  EXPECT_FALSE(Check(start + "\0\0\0\1mdat\xff\xff\xff\xff\xff\xff\xff\xff"s).ok());
  EXPECT_TRUE(Check(start + "\0\0\0\0mdat"s + "anything").ok());
}

TEST(WholeFileTest, LeavesPaddingBehindTheLastBoxAlone) {
  EXPECT_TRUE(Check(Box("ftyp", 8) + Box("moov", 100) + std::string(200, '\0')).ok());
  EXPECT_TRUE(Check(Box("ftyp", 8) + Box("moov", 100) + "\xff\xff\xff\xff\1\2\3\4tail"s).ok());
}

TEST(WholeFileTest, KnowsAMatroskaFileThatIsCut) {
  const std::string header = "\x1a\x45\xdf\xa3\x84" + "head"s;
  const std::string segment = "\x18\x53\x80\x67\x40\x64"s + std::string(100, 'x');  // 2 bytes: 100
  EXPECT_TRUE(Check(header + segment).ok());
  EXPECT_THAT(WhyNot(header + segment.substr(0, 50)),
              HasSubstr("the segment at byte 9 has 106 bytes, but the file ends after 50"));
  EXPECT_THAT(WhyNot(header.substr(0, 7)), HasSubstr("the header at byte 0"));
  const std::string live = "\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff"s;
  EXPECT_TRUE(Check(header + live + "anything").ok());
}

TEST(WholeFileTest, KnowsAnAviAndAnIvfThatAreCut) {
  EXPECT_TRUE(Check("RIFF\x08\0\0\0AVI data"s).ok());
  EXPECT_THAT(WhyNot("RIFF\x09\0\0\0AVI data"s),
              HasSubstr("chunk \"RIFF\" at byte 0 has 17 bytes"));
  const std::string ivf =
      "DKIF"s + std::string(28, '\0') + "\3\0\0\0"s + std::string(8, '\0') + "abc";
  EXPECT_TRUE(Check(ivf).ok());
  EXPECT_THAT(WhyNot(ivf.substr(0, ivf.size() - 1)), HasSubstr("frame 0 at byte 32 has 15 bytes"));
  EXPECT_THAT(WhyNot(ivf + "\3\0"s), HasSubstr("the header of frame 1 at byte 47 has 12 bytes"));
}

TEST(WholeFileTest, SaysNothingAboutOtherFiles) {
  EXPECT_TRUE(Check("").ok());
  EXPECT_TRUE(Check("x").ok());
  EXPECT_TRUE(Check("OggS and so on").ok());
}

TEST(WholeFileTest, HostileFilesEndWithAVerdict) {
  std::mt19937 random(4);
  const std::string starts[] = {Box("ftyp", 8), "\x1a\x45\xdf\xa3\x84" + "head"s, "RIFF"s,
                                "DKIF"s + std::string(28, '\0')};
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = starts[round % 4];
    const size_t more = random() % 64;
    for (size_t i = 0; i < more; ++i) bytes += static_cast<char>(random() % 4 == 0 ? random() : 0);
    auto checked = Check(bytes);
    EXPECT_TRUE(checked.ok() || checked.Is(base::Code::kInvalid)) << round;
  }
  // Many tiny boxes take time in proportion, and end.
  std::string tiny;
  for (int i = 0; i < 20000; ++i) tiny += "\0\0\0\x08"s + "free";
  EXPECT_TRUE(Check(tiny).ok());
}

}  // namespace
}  // namespace vmafx::scoring
