// A line of the feedback format, either way.

#include "vmafx/api/feedback.h"

#include "base/check.h"
#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view line = fuzz::Text(data, size);
  const auto sample = vmafx::api::ReadSample(line);
  if (sample.ok()) {
    const std::string written = vmafx::api::WriteSample(*sample);
    CHECK(written.find('\n') == std::string::npos);
    const auto again = vmafx::api::ReadSample(written);
    CHECK(again.ok());
    CHECK(again->job_id == sample->job_id && again->ns == sample->ns);
    CHECK(again->features == sample->features && again->true_score == sample->true_score);
  }
  const auto reply = vmafx::api::ReadReply(line);
  if (reply.ok()) {
    const std::string written = vmafx::api::WriteReply(*reply);
    CHECK(written.find('\n') == std::string::npos);
    const auto again = vmafx::api::ReadReply(written);
    CHECK(again.ok());
    CHECK(again->ok == reply->ok && again->job_id == reply->job_id);
    // What an answer of the other kind would have is left out.
    if (reply->ok) {
      CHECK(again->step == reply->step && again->trained == reply->trained);
      CHECK(again->loss == reply->loss);
    } else {
      CHECK(again->error == reply->error);
    }
  }
  CHECK(sample.ok() || !sample.error().message().empty());
  return 0;
}
