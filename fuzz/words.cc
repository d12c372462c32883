// Short words that users write. The first byte says which reader gets the rest.

#include "base/check.h"
#include "base/text.h"
#include "fuzz/input.h"
#include "trial/names.h"
#include "vmafx/api/image_reference.h"
#include "vmafx/api/quantity.h"
#include "vmafx/scoring/container.h"
#include "vmafx/scoring/video.h"

namespace {

void ReadFileName(std::string_view text) {
  const auto name = trial::ParseFileName(text);
  CHECK(name.ok() || !name.error().message().empty());
  if (!name.ok()) return;
  if (name->index) CHECK(text[0] >= '0' && text[0] <= '9');
  CHECK(!name->name.empty());
  CHECK(!name->is_template || name->has_extension);
}

void ReadPattern(std::string_view text) {
  const size_t cut = text.find('\n');
  if (cut == std::string_view::npos) return;
  const std::string pattern(text.substr(0, cut)), name(text.substr(cut + 1));
  const auto matches = trial::MatchesPattern(pattern, name);
  const bool literal = pattern.find_first_of(std::string_view("*?[\\\0", 5)) == std::string::npos;
  if (literal) CHECK(matches.ok() && *matches == (pattern == name));
}

void ReadDuration(std::string_view text) {
  const auto span = base::ParseDuration(text);
  CHECK(span.ok() || !span.error().message().empty());
  if (span.ok()) CHECK(!base::FormatSpan(*span).empty());
}

void ReadQuantity(std::string_view text) {
  const auto bytes = vmafx::api::ReadBytes(text);
  CHECK(!bytes.ok() || *bytes >= 0);
}

void ReadVideoWords(std::string_view text) {
  using namespace vmafx::scoring;  // NOLINT
  if (const auto format = ParsePixelFormat(text); format.ok())
    CHECK(*ParsePixelFormat(ToString(*format)) == *format);
  if (const auto size = ParseSize(text); size.ok()) {
    const Geometry geometry{size->width, size->height, {}};
    if (Validate(geometry).ok()) CHECK(FrameBytes(geometry) >= size_t{size->width} * size->height);
  }
  NameContainer("file", text);
  NameContainer(std::string(text), "");
}

void CheckImage(std::string_view text) {
  const auto checked = vmafx::api::CheckImageReference(text);
  if (checked.ok()) CHECK(text.find_first_of(" \n\t\"") == std::string_view::npos);
}

void GuessWord(std::string_view text) {
  const auto words = base::Split(text, '\n');
  const auto near = base::Nearest(words[0], words);
  CHECK(near.has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text = fuzz::Text(data + 1, size - 1);
  switch (data[0] % 7) {
    case 0:
      ReadFileName(text);
      break;
    case 1:
      ReadPattern(text);
      break;
    case 2:
      ReadDuration(text);
      break;
    case 3:
      ReadQuantity(text);
      break;
    case 4:
      ReadVideoWords(text);
      break;
    case 5:
      GuessWord(text);
      break;
    default:
      CheckImage(text);
  }
  return 0;
}
