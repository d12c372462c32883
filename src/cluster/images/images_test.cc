#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "base/text.h"
#include "cluster/images/archive.h"
#include "cluster/images/assemble.h"
#include "cluster/images/catalog.h"
#include "cluster/images/image_list.h"
#include "cluster/images/ingredients.h"
#include "sys/files.h"
#include "sys/process.h"
#include "sys/testing/places.h"

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

TEST_F(ImagesTest, AnAssembledImageHoldsTheProgramItsLibrariesUsersAndNothingElse) {
  const AssembledImage image = *Assemble(Shell(), {"/usr/bin"}, until());
  ASSERT_TRUE(sys::WriteFileAtomically(folder() / "sh.tar", image.archive).ok());

  const Archive archive = *OpenArchive(folder() / "sh.tar");
  const std::vector<std::string> files = *ListFiles(archive, archive.images.at(0));

  EXPECT_EQ(archive.images[0].name, image.name);
  EXPECT_EQ(files, (std::vector<std::string>{"etc/group", "etc/nsswitch.conf", "etc/passwd",
                                             "lib/x86_64-linux-gnu/libc.so.6",
                                             "lib64/ld-linux-x86-64.so.2", "usr/local/bin/dash"}));
}

TEST_F(ImagesTest, AStaticProgramBringsNoLibrariesAndNoLoader) {
  const std::filesystem::path programs = sys::testing::ProgramFolder();
  const auto libraries = SharedLibraries(programs / "pause", until());
  const auto image =
      Assemble({.repository = "localhost/test/pause", .program = "pause"}, {programs}, until());

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
  const AssembledImage first = *Assemble(Shell(), {"/usr/bin"}, until());
  const AssembledImage second = *Assemble(Shell(), {"/usr/bin"}, until());

  EXPECT_EQ(first.archive, second.archive);
  EXPECT_EQ(first.name, "localhost/test/sh:sha-" + first.digest.substr(7, 12));
}

TEST_F(ImagesTest, AMissingProgramSaysWhichImageWantedItAndHowToBuildIt) {
  const auto image =
      Assemble({.repository = "localhost/x", .program = "no-such-program"}, {"/usr/bin"}, until());

  ASSERT_TRUE(image.Is(base::Code::kNotFound));
  EXPECT_NE(image.error().message().find("localhost/x: no program /usr/bin/no-such-program"),
            std::string::npos);
}

TEST_F(ImagesTest, ADamagedArchiveIsNamedAndNotLoaded) {
  const AssembledImage image = *Assemble(Shell(), {"/usr/bin"}, until());
  std::string bytes = image.archive;
  bytes[bytes.find("nonroot")] = 'N';
  ASSERT_TRUE(sys::WriteFileAtomically(folder() / "bad.tar", bytes).ok());

  const auto archive = OpenArchive(folder() / "bad.tar");

  ASSERT_TRUE(archive.Is(base::Code::kInvalid));
  EXPECT_NE(archive.error().message().find("does not have the digest of its name"),
            std::string::npos);
  EXPECT_TRUE(OpenArchive(folder() / "none.tar").Is(base::Code::kNotFound));
}

TEST_F(ImagesTest, AnIndexTellsAllButTheContents) {
  const AssembledImage image = *Assemble(Shell(), {"/usr/bin"}, until());
  ASSERT_TRUE(sys::WriteFileAtomically(folder() / "sh.tar", image.archive).ok());

  const auto index = ReadArchiveIndex(folder() / "sh.tar");

  ASSERT_TRUE(index.ok()) << index.error().message();
  const Archive archive = *OpenArchive(folder() / "sh.tar");
  ASSERT_EQ(index->archive.images.size(), 1u);
  EXPECT_EQ(index->archive.images[0].name, image.name);
  EXPECT_EQ(index->archive.images[0].blobs, archive.images[0].blobs);
  ASSERT_EQ(index->sizes.size(), archive.blobs.size());
  for (const auto& [digest, bytes] : archive.blobs)
    EXPECT_EQ(index->sizes.at(digest), bytes.size());
  EXPECT_LT(index->archive.blobs.size(), archive.blobs.size()) << "layers are not read";
}

TEST_F(ImagesTest, AnIndexOfWhatIsNoImageSaysWhatItIsNot) {
  ASSERT_TRUE(sys::WriteFileAtomically(folder() / "text.tar", "no tar at all").ok());
  ASSERT_TRUE(sys::WriteFileAtomically(folder() / "tar.tar", *MakeTar({{.path = "a"}})).ok());
  const std::string whole = Assemble(Shell(), {"/usr/bin"}, until())->archive;
  ASSERT_TRUE(
      sys::WriteFileAtomically(folder() / "half.tar", whole.substr(0, whole.size() / 2)).ok());

  EXPECT_TRUE(ReadArchiveIndex(folder() / "none.tar").Is(base::Code::kNotFound));
  EXPECT_FALSE(ReadArchiveIndex(folder() / "text.tar").ok());
  EXPECT_FALSE(ReadArchiveIndex(folder() / "half.tar").ok());
  const auto other = ReadArchiveIndex(folder() / "tar.tar");
  ASSERT_TRUE(other.Is(base::Code::kInvalid));
  EXPECT_NE(other.error().message().find("not an OCI archive"), std::string::npos);
}

TEST_F(ImagesTest, PackingLeavesOutBlobsThatTheNodeHas) {
  const AssembledImage image = *Assemble(Shell(), {"/usr/bin"}, until());
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

TEST_F(ImagesTest, AllLayersOfAnImageHaveOneLimitAndNothingIsWrittenBeyondIt) {
  Archive archive;
  archive.blobs = {{"1", *MakeTar({{.path = "a", .content = std::string(600, 'x')}})},
                   {"2", *MakeTar({{.path = "b", .content = std::string(600, 'y')}})}};
  const Archive::Image image{.blobs = {"manifest", "config", "1", "2"}};

  const auto listed = ListFiles(archive, image, {.bytes = 1000});
  const auto unpacked = Unpack(archive, image, folder() / "image", {.bytes = 1000});

  ASSERT_TRUE(listed.Is(base::Code::kInvalid));
  EXPECT_EQ(listed.error().message().find("layer 2: b: with its 600 bytes"), 0u);
  EXPECT_TRUE(unpacked.Is(base::Code::kInvalid));
  EXPECT_FALSE(std::filesystem::exists(folder() / "image"));
  EXPECT_TRUE(Unpack(archive, image, folder() / "image", {.bytes = 2000}).ok());
}

TEST_F(ImagesTest, WhiteoutsAreAboutTheLayersBelowAlsoAtTheRoot) {
  Archive archive;
  archive.blobs = {
      {"1", *MakeTar({{.path = "a/x"}, {.path = "ab"}, {.path = "b"}})},
      {"2", *MakeTar({{.path = "a/.wh.x"}, {.path = "a/x"}, {.path = ".wh.b"}, {.path = ".wh."}})},
      {"3", *MakeTar({{.path = ".wh..wh..opq"}, {.path = "-new"}})}};

  EXPECT_EQ(*ListFiles(archive, {.blobs = {"manifest", "config", "1", "2"}}),
            (std::vector<std::string>{"a/x", "ab"}));
  EXPECT_EQ(*ListFiles(archive, {.blobs = {"manifest", "config", "1", "2", "3"}}),
            (std::vector<std::string>{"-new"}));
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

TEST_F(ImagesTest, UnpackingRefusesLinksThatGoInACircle) {
  Archive archive;
  archive.blobs = {{"1", *MakeTar({{.path = "a", .link = "a"}})},
                   {"2", *MakeTar({{.path = "a/b"}})}};

  EXPECT_TRUE(Unpack(archive, {.blobs = {"manifest", "config", "1", "2"}}, folder() / "image")
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
  ASSERT_TRUE(WriteCatalog({Shell()}, {"/usr/bin"}, folder(), until()).ok());

  const std::vector<CatalogImage> images = *ReadCatalog(folder());
  const auto environment = CatalogEnvironment(images);

  EXPECT_EQ(environment.at("SEATRIAL_IMAGE_SH_REPOSITORY"), "localhost/test/sh");
  EXPECT_EQ(environment.at("SEATRIAL_IMAGE_SH"), "localhost/test/sh:" + images[0].tag);
  EXPECT_TRUE(OpenArchive(images[0].archive).ok());
}

TEST_F(ImagesTest, AnImageMayHoldToolsBesideItsProgramInALayerOfTheirOwn) {
  ImageSpec spec = Shell();
  const AssembledImage without = *Assemble(spec, {"/usr/bin"}, until());
  spec.tools = {"env", "getent"};
  spec.arguments = {"-c", "exit 7"};
  const AssembledImage with = *Assemble(spec, {"/no/such/folder", "/usr/bin"}, until());
  ASSERT_TRUE(sys::WriteFileAtomically(folder() / "with.tar", with.archive).ok());
  ASSERT_TRUE(sys::WriteFileAtomically(folder() / "without.tar", without.archive).ok());

  const Archive archive = *OpenArchive(folder() / "with.tar");
  const std::vector<std::string> files = *ListFiles(archive, archive.images.at(0));
  const Archive other = *OpenArchive(folder() / "without.tar");

  for (const char* tool : {"usr/local/bin/env", "usr/local/bin/getent", "usr/local/bin/dash"})
    EXPECT_NE(std::find(files.begin(), files.end(), tool), files.end()) << tool;
  EXPECT_EQ(archive.images[0].blobs.size(), other.images[0].blobs.size() + 1);
  EXPECT_EQ(archive.images[0].blobs.back(), other.images[0].blobs.back()) << "the program's layer";
  EXPECT_NE(archive.blobs.at(archive.images[0].blobs.at(1)).find(R"("Cmd":["-c","exit 7"])"),
            std::string::npos);
}

TEST_F(ImagesTest, AMissingToolSaysWhereItWasLookedFor) {
  ImageSpec spec = Shell();
  spec.tools = {"no-such-tool"};

  const auto image = Assemble(spec, {"/usr/bin", "/usr/sbin"}, until());

  ASSERT_TRUE(image.Is(base::Code::kNotFound));
  EXPECT_EQ(image.error().message(),
            "image localhost/test/sh: no program /usr/bin/no-such-tool or /usr/sbin/no-such-tool: "
            "build it first, or name its folder with --programs");
}

TEST_F(ImagesTest, AnImageThatIsTooLargeIsRefusedAndSaysWhatIsLarge) {
  ImageSpec spec = Shell();
  spec.most_bytes = 1'000'000;

  const auto image = Assemble(spec, {"/usr/bin"}, until());

  ASSERT_TRUE(image.Is(base::Code::kInvalid));
  EXPECT_NE(image.error().message().find(
                "more than the 1.0 MB that it may; the largest: /lib/x86_64-linux-gnu/libc.so.6"),
            std::string::npos)
      << image.error().message();
}

TEST_F(ImagesTest, ACatalogMakesAnewOnlyWhatHasChanged) {
  const std::filesystem::path programs = folder() / "programs";
  const std::filesystem::path out = folder() / "out";
  ASSERT_TRUE(sys::MakeDirs(programs).ok());
  const auto put = [&](const std::string& name, const std::string& content) {
    EXPECT_TRUE(sys::WriteFileAtomically(programs / name, content, 0755).ok());
  };
  const std::string shell = *sys::ReadFile("/usr/bin/dash");
  put("one", shell);
  put("two", shell);
  const std::vector<ImageSpec> specs = {{.repository = "localhost/one", .program = "one"},
                                        {.repository = "localhost/two", .program = "two"}};
  const auto first = *WriteCatalog(specs, {programs}, out, until());
  // Would be seen by a digest, and by nothing else: it is not read again.
  ASSERT_TRUE(sys::WriteFileAtomically(out / "one.tar", "as it was").ok());
  put("two", shell + "x");

  const auto second = *WriteCatalog(specs, {programs}, out, until());

  EXPECT_EQ(*sys::ReadFile(out / "one.tar"), "as it was");
  EXPECT_EQ(second[0].tag, first[0].tag);
  EXPECT_EQ(second[0].size, first[0].size);
  EXPECT_NE(second[1].tag, first[1].tag);
  EXPECT_TRUE(OpenArchive(out / "two.tar").ok());
}

TEST_F(ImagesTest, ACatalogRefusesTwoImagesOfOneName) {
  const auto images = WriteCatalog({{.repository = "localhost/a/sh", .program = "dash"},
                                    {.repository = "localhost/b/sh", .program = "dash"}},
                                   {"/usr/bin"}, folder(), until());

  ASSERT_TRUE(images.Is(base::Code::kInvalid));
  EXPECT_NE(images.error().message().find("two images are called sh"), std::string::npos);
}

TEST_F(ImagesTest, AListSaysWhichValueIsOfTheWrongKind) {
  const std::string head =
      "apiVersion: seatrial.dev/v1\nkind: ImageList\nimages:\n- {repository: a, program: b, ";
  for (const auto& [field, message] : std::vector<std::pair<std::string, std::string>>{
           {"arguments: serve", "arguments must be a list of texts"},
           {"arguments: [1]", "arguments must be a list of texts"},
           {"tools: [a/b]", "tools must be file names, not paths"},
           {"tools: [\"\"]", "tools must be file names, not paths"},
           {"files: x", "files must be a list"},
           {"files: [x]", "expected a mapping"},
           {"maxMegabytes: many", "maxMegabytes must be a number from 0 to 1000000"},
           {"maxMegabytes: 99999999999999999999", "maxMegabytes must be a number"},
           {"user: -1", "user must be a number"}}) {
    const auto specs = ParseImageList(head + field + "}\n", "images.yaml");
    ASSERT_TRUE(specs.Is(base::Code::kInvalid)) << field;
    EXPECT_NE(specs.error().message().find(message), std::string::npos)
        << field << ": " << specs.error().message();
  }
}

// Those of our own programs, and where the pinned ones lie.
ProgramFolders AllPrograms(const base::Until& until) {
  const std::filesystem::path source = sys::testing::SourceFolder();
  ProgramFolders folders = {sys::testing::ProgramFolder()};
  const auto ffmpeg = sys::RunOrFail({.argv = {source / "tools/ffmpeg"}}, until);
  const auto companions =
      sys::RunOrFail({.argv = {source / "tools/companions/build", "--path"}}, until);
  EXPECT_TRUE(ffmpeg.ok()) << ffmpeg.error().message();
  EXPECT_TRUE(companions.ok()) << companions.error().message() << "\nrun `make companions` once";
  // The last line; those before say what was fetched.
  if (ffmpeg.ok())
    folders.push_back(
        std::filesystem::path(base::Split(base::Trim(*ffmpeg), '\n').back()).parent_path());
  if (companions.ok()) folders.emplace_back(base::Trim(*companions));
  return folders;
}

TEST_F(ImagesTest, NoImageOfTheListHoldsAFixture) {
  const auto limit = base::Until::After(clock_, seconds(200));
  const auto list = sys::testing::SourceFolder() / "deploy/images/images.yaml";
  const std::vector<ImageSpec> specs = *ParseImageList(*sys::ReadFile(list), list.string());
  const auto images = WriteCatalog(specs, AllPrograms(limit), folder(), limit);

  ASSERT_TRUE(images.ok()) << images.error().message();
  ASSERT_EQ(images->size(), specs.size());
  for (size_t i = 0; i < specs.size(); ++i) {
    EXPECT_GT(specs[i].most_bytes, 0u) << specs[i].repository << " has no limit";
    std::set<std::string> programs_of = {"usr/local/bin/" + specs[i].program};
    for (const std::string& tool : specs[i].tools) programs_of.insert("usr/local/bin/" + tool);
    const Archive archive = *OpenArchive(images->at(i).archive);
    for (const std::string& file : *ListFiles(archive, archive.images.at(0))) {
      const bool expected = file.rfind("lib/x86_64-linux-gnu/", 0) == 0 ||
                            file.rfind("etc/", 0) == 0 || file.rfind("usr/share/doc/", 0) == 0 ||
                            file == "lib64/ld-linux-x86-64.so.2" || programs_of.contains(file);
      EXPECT_TRUE(expected) << specs[i].repository << " holds " << file;
    }
  }
}

}  // namespace
}  // namespace cluster::images
