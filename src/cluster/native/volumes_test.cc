#include "cluster/native/volumes.h"

#include <poll.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "sys/files.h"

namespace cluster::native {
namespace {

TEST(VolumesTest, GivesNewFoldersToAllAndLeavesFilesAlone) {
  const sys::TempDir temp = *sys::TempDir::Make();
  const auto folder = temp.path() / "volumes";
  VolumeOpener opener;
  ASSERT_TRUE(opener.Watch(folder).ok());
  ASSERT_TRUE(sys::MakeDirs(folder / "pvc", 0750).ok());
  ASSERT_TRUE(sys::WriteFileAtomically(folder / "file", "", 0600).ok());

  pollfd fd{opener.descriptor(), POLLIN, 0};
  ASSERT_EQ(poll(&fd, 1, 60000), 1);
  opener.OpenNew();

  struct stat status {};
  ASSERT_EQ(stat((folder / "pvc").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0777u);
  ASSERT_EQ(stat((folder / "file").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

}  // namespace
}  // namespace cluster::native
