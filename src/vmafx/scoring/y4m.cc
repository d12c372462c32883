#include "vmafx/scoring/y4m.h"

#include <charconv>
#include <optional>
#include <set>

#include "base/text.h"

namespace vmafx::scoring {
namespace {

struct ColourSpace {
  std::string_view tag;
  PixelFormat format;
};

// Siting of chroma (jpeg, mpeg2, paldv) does not change where samples are stored.
constexpr ColourSpace kColourSpaces[] = {
    {"420", {Chroma::k420, 8}},      {"420jpeg", {Chroma::k420, 8}},
    {"420mpeg2", {Chroma::k420, 8}}, {"420paldv", {Chroma::k420, 8}},
    {"422", {Chroma::k422, 8}},      {"444", {Chroma::k444, 8}},
    {"420p10", {Chroma::k420, 10}},  {"422p10", {Chroma::k422, 10}},
    {"444p10", {Chroma::k444, 10}},  {"420p12", {Chroma::k420, 12}},
    {"422p12", {Chroma::k422, 12}},  {"444p12", {Chroma::k444, 12}},
    {"420p16", {Chroma::k420, 16}},  {"422p16", {Chroma::k422, 16}},
    {"444p16", {Chroma::k444, 16}},
};

base::Result<PixelFormat> ParseColourSpace(std::string_view tag) {
  for (const ColourSpace& space : kColourSpaces) {
    if (space.tag == tag) return space.format;
  }
  std::vector<std::string> names;
  for (const ColourSpace& space : kColourSpaces) names.push_back(fmt::format("C{}", space.tag));
  return base::Fail(base::Code::kInvalid, "colour space C{} cannot be scored; it is one of {}", tag,
                    base::Join(names, ", "));
}

base::Result<uint32_t> ParseSide(char tag, std::string_view text) {
  uint32_t side = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), side);
  if (error != std::errc() || end != text.data() + text.size()) {
    return base::Fail(base::Code::kInvalid, "{}{} is not a number of pixels", tag, text);
  }
  return side;
}

bool IsRatio(std::string_view text) {
  size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) return false;
  return text.find_first_not_of("0123456789:") == std::string_view::npos &&
         text.find(':', colon + 1) == std::string_view::npos;
}

base::Result<> ApplyTag(std::string_view tag, std::set<char>& seen, Geometry& geometry) {
  char kind = tag.front();
  std::string_view value = tag.substr(1);
  if (kind != 'X' && !seen.insert(kind).second) {
    return base::Fail(base::Code::kInvalid, "tag {} is there twice", kind);
  }
  switch (kind) {
    case 'W':
      geometry.width = TRY(ParseSide('W', value));
      return base::Ok();
    case 'H':
      geometry.height = TRY(ParseSide('H', value));
      return base::Ok();
    case 'C':
      geometry.pixel_format = TRY(ParseColourSpace(value));
      return base::Ok();
    case 'F':
    case 'A':
      if (IsRatio(value)) return base::Ok();
      break;
    case 'I':
      if (value.size() == 1 && std::string_view("ptbm?").find(value) != std::string_view::npos) {
        return base::Ok();
      }
      break;
    case 'X':
      return base::Ok();
    default:
      break;
  }
  return base::Fail(base::Code::kInvalid, "tag {} is not one of Y4M's", tag);
}

}  // namespace

base::Result<Geometry> ParseY4mHeader(std::string_view line) {
  std::string_view rest = line;
  if (!rest.starts_with(kY4mSignature)) {
    return base::Fail(base::Code::kInvalid, "does not begin with {}", kY4mSignature);
  }
  rest.remove_prefix(kY4mSignature.size());
  if (!rest.empty() && rest.front() != ' ') {
    return base::Fail(base::Code::kInvalid, "does not begin with {} and a blank", kY4mSignature);
  }
  for (char c : rest) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
      return base::Fail(base::Code::kInvalid, "the header holds the control character {:#04x}",
                        static_cast<unsigned char>(c));
    }
  }
  Geometry geometry;
  std::set<char> seen;
  for (const std::string& tag : base::Split(rest, ' ')) {
    if (!tag.empty()) TRY(ApplyTag(tag, seen, geometry));
  }
  for (char needed : {'W', 'H'}) {
    if (!seen.contains(needed)) {
      return base::Fail(base::Code::kInvalid, "the header has no tag {}", needed);
    }
  }
  TRY(Validate(geometry));
  return geometry;
}

}  // namespace vmafx::scoring
