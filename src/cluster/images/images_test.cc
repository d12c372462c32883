#include <algorithm>
#include <cstdlib>

#include <gtest/gtest.h>

#include "cluster/images/archive.h"
#include "cluster/images/assemble.h"
#include "cluster/images/catalog.h"
#include "cluster/images/image_list.h"
#include "sys/files.h"

namespace cluster::images {
namespace {

using std::chrono::seconds;

class ImagesTest : public testing::Test {
 protected:
  base::Until until() { return base::Until::After(clock_, seconds(30)); }
  const std::filesystem::path& folder() const { return folder_->path(); }
  ImageSpec Shell() const { return {.repository = "localhost/test/sh", .program = "dash"}; }

  base::SystemClock clock_;
  base::Result<sys::TempDir> folder_ = sys::TempDir::Make();
};

TEST_F(ImagesTest, TheSameEntriesInAnyOrderGiveTheSameTar) {
  const Entry a{.path = "etc/a", .content = "1"};
  const Entry b{.path = "usr/bin/b", .content = "2", .mode = 0755};

  EXPECT_EQ(*MakeTar({a, b}), *MakeTar({b, a}));
  EXPECT_NE(*MakeTar({a, b}), *MakeTar({a}));
}

TEST_F(ImagesTest, ATarReadsBackWithParentsModesAndLinks) {
  const std::string tar = *MakeTar({{.path = "usr/bin/app", .content = "x", .mode = 0755},
                                    {.path = "app", .link = "usr/bin/app"}});

  const std::vector<Entry> entries = *ReadTar(tar);

  ASSERT_EQ(entries.size(), 4u);
  EXPECT_EQ(entries[0].link, "usr/bin/app");
  EXPECT_EQ(entries[1].path, "usr/");
  EXPECT_EQ(entries[3].path, "usr/bin/app");
  EXPECT_EQ(entries[3].mode, 0755);
}

TEST_F(ImagesTest, PathsThatLeaveTheImageOrComeTwiceAreRefused) {
  for (const char* path : {"/etc/passwd", "../x", "a/../../x", ""}) {
    EXPECT_TRUE(MakeTar({{.path = path}}).Is(base::Code::kInvalid)) << path;
  }
  EXPECT_TRUE(MakeTar({{.path = "a"}, {.path = "a"}}).Is(base::Code::kInvalid));
}

TEST_F(ImagesTest, AnAssembledImageHoldsTheProgramItsLibrariesUsersAndNothingElse) {
  const AssembledImage image = *Assemble(Shell(), "/usr/bin", until());
  ASSERT_TRUE(sys::WriteFileAtomically(folder() / "sh.tar", image.archive).ok());

  const Archive archive = *OpenArchive(folder() / "sh.tar");
  const std::vector<std::string> files = *ListFiles(archive, archive.images.at(0));

  EXPECT_EQ(archive.images[0].name, image.name);
  EXPECT_EQ(files, (std::vector<std::string>{"etc/group", "etc/nsswitch.conf", "etc/passwd",
                                             "lib/x86_64-linux-gnu/libc.so.6",
                                             "lib64/ld-linux-x86-64.so.2", "usr/local/bin/dash"}));
}

TEST_F(ImagesTest, AStaticProgramBringsNoLibrariesAndNoLoader) {
  const char* programs = std::getenv("SEATRIAL_PROGRAM_DIR");
  ASSERT_TRUE(programs) << "run by ctest";
  const auto libraries = SharedLibraries(std::filesystem::path(programs) / "pause", until());
  const auto image =
      Assemble({.repository = "localhost/test/pause", .program = "pause"}, programs, until());

  ASSERT_TRUE(libraries.ok()) << libraries.error().message();
  EXPECT_TRUE(libraries->empty());
  ASSERT_TRUE(image.ok()) << image.error().message();
  ASSERT_TRUE(sys::WriteFileAtomically(folder() / "pause.tar", image->archive).ok());
  const Archive archive = *OpenArchive(folder() / "pause.tar");
  EXPECT_EQ(*ListFiles(archive, archive.images.at(0)),
            (std::vector<std::string>{"etc/group", "etc/nsswitch.conf", "etc/passwd",
                                      "usr/local/bin/pause"}));
}

TEST_F(ImagesTest, AssemblingTwiceGivesTheSameBytesAndTag) {
  const AssembledImage first = *Assemble(Shell(), "/usr/bin", until());
  const AssembledImage second = *Assemble(Shell(), "/usr/bin", until());

  EXPECT_EQ(first.archive, second.archive);
  EXPECT_EQ(first.name, "localhost/test/sh:sha-" + first.digest.substr(7, 12));
}

TEST_F(ImagesTest, AMissingProgramSaysWhichImageWantedItAndHowToBuildIt) {
  const auto image =
      Assemble({.repository = "localhost/x", .program = "no-such-program"}, "/usr/bin", until());

  ASSERT_TRUE(image.Is(base::Code::kNotFound));
  EXPECT_NE(image.error().message().find("localhost/x: no program /usr/bin/no-such-program"),
            std::string::npos);
}

TEST_F(ImagesTest, ADamagedArchiveIsNamedAndNotLoaded) {
  const AssembledImage image = *Assemble(Shell(), "/usr/bin", until());
  std::string bytes = image.archive;
  bytes[bytes.find("nonroot")] = 'N';
  ASSERT_TRUE(sys::WriteFileAtomically(folder() / "bad.tar", bytes).ok());

  const auto archive = OpenArchive(folder() / "bad.tar");

  ASSERT_TRUE(archive.Is(base::Code::kInvalid));
  EXPECT_NE(archive.error().message().find("does not have the digest of its name"),
            std::string::npos);
  EXPECT_TRUE(OpenArchive(folder() / "none.tar").Is(base::Code::kNotFound));
}

TEST_F(ImagesTest, PackingLeavesOutBlobsThatTheNodeHas) {
  const AssembledImage image = *Assemble(Shell(), "/usr/bin", until());
  ASSERT_TRUE(sys::WriteFileAtomically(folder() / "sh.tar", image.archive).ok());
  const Archive archive = *OpenArchive(folder() / "sh.tar");

  const std::string little =
      *PackArchive(archive, [&](const std::string& digest) { return digest == image.digest; });

  EXPECT_LT(little.size(), 10000u);
  EXPECT_GT(image.archive.size(), 1000000u);
}

TEST_F(ImagesTest, ALayerMayRemoveFilesOfTheLayersBelow) {
  Archive archive;
  archive.blobs = {
      {"1", *MakeTar({{.path = "a/x"}, {.path = "a/y"}, {.path = "b/z"}})},
      {"2", *MakeTar({{.path = "a/.wh.x"}, {.path = "b/.wh..wh..opq"}, {.path = "c"}})}};
  const Archive::Image image{.blobs = {"manifest", "config", "1", "2"}};

  EXPECT_EQ(*ListFiles(archive, image), (std::vector<std::string>{"a/y", "c"}));
}

TEST_F(ImagesTest, UnpackingWritesTheFilesAndNeverOutsideTheFolder) {
  Archive archive;
  archive.blobs = {{"1", *MakeTar({{.path = "bin/app", .content = "x", .mode = 0755},
                                   {.path = "out", .link = "/tmp"}})},
                   {"2", *MakeTar({{.path = "out/evil", .content = "y"}})}};

  EXPECT_TRUE(Unpack(archive, {.blobs = {"manifest", "config", "1"}}, folder() / "good").ok());
  EXPECT_EQ(*sys::ReadFile(folder() / "good/bin/app"), "x");
  EXPECT_TRUE(Unpack(archive, {.blobs = {"manifest", "config", "1", "2"}}, folder() / "bad")
                  .Is(base::Code::kInvalid));
}

TEST_F(ImagesTest, AListWithTyposReportsAllOfThemWithTheirPlaces) {
  const auto specs = ParseImageList(R"(apiVersion: seatrial.dev/v1
kind: ImageList
images:
  - repository: localhost/a
    programm: a
  - repository: localhost/b
    program: b
    user: root
)",
                                    "images.yaml");

  ASSERT_FALSE(specs.ok());
  EXPECT_NE(specs.error().message().find(
                "images.yaml:5:5: unknown field \"programm\" (did you mean \"program\"?)"),
            std::string::npos)
      << specs.error().message();
  EXPECT_NE(specs.error().message().find("user must be a number"), std::string::npos);
}

TEST_F(ImagesTest, ACatalogNamesImagesForSuites) {
  ASSERT_TRUE(WriteCatalog({Shell()}, "/usr/bin", folder(), until()).ok());

  const std::vector<CatalogImage> images = *ReadCatalog(folder());
  const auto environment = CatalogEnvironment(images);

  EXPECT_EQ(environment.at("SEATRIAL_IMAGE_SH_REPOSITORY"), "localhost/test/sh");
  EXPECT_EQ(environment.at("SEATRIAL_IMAGE_SH"), "localhost/test/sh:" + images[0].tag);
  EXPECT_TRUE(OpenArchive(images[0].archive).ok());
}

TEST_F(ImagesTest, NoImageOfTheListHoldsAFixture) {
  const char* source = std::getenv("SEATRIAL_SOURCE_DIR");
  const char* programs = std::getenv("SEATRIAL_PROGRAM_DIR");
  ASSERT_TRUE(source && programs) << "run by ctest";
  const std::filesystem::path list = std::filesystem::path(source) / "deploy/images/images.yaml";
  const std::vector<ImageSpec> specs = *ParseImageList(*sys::ReadFile(list), list.string());
  const std::vector<CatalogImage> images = *WriteCatalog(specs, programs, folder(), until());

  ASSERT_GE(images.size(), 3u);
  for (const CatalogImage& image : images) {
    const Archive archive = *OpenArchive(image.archive);
    const std::vector<std::string> files = *ListFiles(archive, archive.images.at(0));
    for (const std::string& file : files) {
      const bool expected =
          file.rfind("lib/x86_64-linux-gnu/", 0) == 0 || file.rfind("etc/", 0) == 0 ||
          file == "lib64/ld-linux-x86-64.so.2" ||
          file == "usr/local/bin/" + image.repository.substr(image.repository.rfind('/') + 1);
      EXPECT_TRUE(expected) << image.repository << " holds " << file;
    }
    EXPECT_LT(image.size, 60u << 20) << image.repository << " is too large";
  }
}

}  // namespace
}  // namespace cluster::images
