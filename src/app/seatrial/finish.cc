#include "app/seatrial/finish.h"

#include <cstdio>

#include "base/text.h"

namespace app {

int Finish(const base::Result<>& result, Context& context) {
  if (context.signals.received() != 0) return kInterrupted;
  if (result.ok()) return kPassed;
  fmt::print(stderr, "seatrial: {}\n", result.error().message());
  switch (result.error().code()) {
    case base::Code::kInvalid:
      return kUsage;
    case base::Code::kCancelled:
      return kInterrupted;
    default:
      return kErrored;
  }
}

base::Until UntilTimeout(Context& context, const std::string& timeout) {
  const auto span = base::ParseDuration(timeout);
  CHECK(span.ok());
  return base::Until::After(context.clock, *span, context.signals.stop());
}

std::string CheckDuration(const std::string& text) {
  const auto span = base::ParseDuration(text);
  return span.ok() ? "" : span.error().message();
}

}  // namespace app
