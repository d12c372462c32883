#include "sys/memory_file.h"

#include <gtest/gtest.h>

#include "sys/process.h"

namespace sys {
namespace {

using namespace std::chrono_literals;

TEST(MemoryFileTest, TakesWhatAChildWritesToStdoutAndNothingElse) {
  base::SystemClock clock;
  const auto file = MemoryFile::Make();
  ASSERT_TRUE(file.ok());
  Command command;
  command.argv = {"/bin/sh", "-c", "echo out; echo err >&2; echo more"};
  command.output_fd = file->fd();

  const auto exit = sys::Run(std::move(command), base::Until::After(clock, 60s));

  ASSERT_TRUE(exit.ok());
  EXPECT_EQ(exit->output, "err\n");
  EXPECT_EQ(*file->Read(100), "out\nmore\n");
  EXPECT_EQ(*file->Read(100), "out\nmore\n") << "reading takes nothing away";
  EXPECT_TRUE(file->Read(3).Is(base::Code::kInvalid));
}

}  // namespace
}  // namespace sys
