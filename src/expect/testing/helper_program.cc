#include "expect/testing/helper_program.h"

#include "base/text.h"
#include "sys/process.h"

namespace expect::testing {

using base::Code;
using base::Fail;
using base::Result;

namespace {

Result<std::string> Find() {
  auto environment = sys::Environment();
  if (!environment["SEATRIAL_EVAL"].empty()) return environment["SEATRIAL_EVAL"];
  base::SystemClock clock;
  const auto built =
      sys::RunOrFail({.argv = {environment["SEATRIAL_SOURCE_DIR"] + "/tools/eval/build", "--path"}},
                     base::Until::After(clock, std::chrono::seconds(60)));
  if (built.ok()) return std::string(base::Trim(*built)) + "/seatrial-eval";
  return Fail(Code::kNotFound, "there is no seatrial-eval: run tools/eval/build ({})",
              built.error().message());
}

}  // namespace

HelperOptions HelperForTests(std::map<std::string, std::string> environment) {
  return {Find, std::move(environment)};
}

}  // namespace expect::testing
