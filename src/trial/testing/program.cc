#include "trial/testing/program.h"

#include <gtest/gtest.h>

#include "sys/testing/places.h"

namespace trial::testing {

sys::Command SeatrialCommand(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), sys::testing::Program("seatrial"));
  return {.argv = std::move(arguments), .directory = sys::testing::SourceFolder()};
}

sys::Exit RunWithin(base::Duration limit, sys::Command command) {
  base::SystemClock clock;
  auto exit = sys::Run(std::move(command), base::Until::After(clock, limit));
  EXPECT_TRUE(exit.ok()) << exit.error().message();
  return exit.ok() ? *std::move(exit) : sys::Exit{.status = -1, .signal = 0, .output = ""};
}

}  // namespace trial::testing
