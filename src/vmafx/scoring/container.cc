#include "vmafx/scoring/container.h"

#include "base/text.h"

namespace vmafx::scoring {
namespace {

using namespace std::string_view_literals;

struct Magic {
  size_t offset;
  std::string_view bytes;
  std::string_view name;
};

// Long enough that raw video hardly ever begins so; H.264 and H.265 streams begin like black
// pixels and are known by name only.
constexpr Magic kMagic[] = {
    {0, "\x1a\x45\xdf\xa3"sv, "Matroska or WebM"},
    {4, "ftyp"sv, "MP4 or QuickTime"},
    {4, "moov"sv, "MP4 or QuickTime"},
    {0, "RIFF"sv, "AVI"},
    {0, "DKIF"sv, "IVF"},
    {0, "OggS"sv, "Ogg"},
    {0, "FLV\x01"sv, "Flash video"},
    {0, "\x06\x0e\x2b\x34\x02\x05\x01\x01"sv, "MXF"},
    {0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11"sv, "ASF or WMV"},
    {0, "\x89PNG\r\n"sv, "PNG"},
    {0, "\xff\xd8\xff"sv, "JPEG"},
    {0, "GIF8"sv, "GIF"},
    {0, "\x1f\x8b\x08"sv, "gzip"},
    {0, "\x28\xb5\x2f\xfd"sv, "zstd"},
};

struct Ending {
  std::string_view extension;
  std::string_view name;
};

constexpr Ending kEndings[] = {
    {".mkv", "Matroska or WebM"},
    {".webm", "Matroska or WebM"},
    {".mp4", "MP4 or QuickTime"},
    {".m4v", "MP4 or QuickTime"},
    {".mov", "MP4 or QuickTime"},
    {".avi", "AVI"},
    {".ivf", "IVF"},
    {".ogv", "Ogg"},
    {".flv", "Flash video"},
    {".mxf", "MXF"},
    {".wmv", "ASF or WMV"},
    {".ts", "MPEG transport stream"},
    {".m2ts", "MPEG transport stream"},
    {".mpg", "MPEG"},
    {".mpeg", "MPEG"},
    {".h264", "H.264"},
    {".264", "H.264"},
    {".avc", "H.264"},
    {".h265", "H.265"},
    {".265", "H.265"},
    {".hevc", "H.265"},
    {".obu", "AV1"},
    {".av1", "AV1"},
    {".vvc", "H.266"},
};

// Packets of 188 bytes that each begin with 0x47 (ISO/IEC 13818-1).
bool IsTransportStream(std::string_view bytes) {
  return bytes.size() > 376 && bytes[0] == 0x47 && bytes[188] == 0x47 && bytes[376] == 0x47 &&
         bytes.substr(0, 377).find_first_not_of('\x47') != std::string_view::npos;
}

}  // namespace

std::optional<std::string> NameContainer(const std::filesystem::path& path,
                                         std::string_view first_bytes) {
  for (const Magic& magic : kMagic) {
    if (first_bytes.size() >= magic.offset + magic.bytes.size() &&
        first_bytes.substr(magic.offset, magic.bytes.size()) == magic.bytes) {
      return std::string(magic.name);
    }
  }
  if (IsTransportStream(first_bytes)) return "MPEG transport stream";
  std::string extension = base::Lower(path.extension().string());
  for (const Ending& ending : kEndings) {
    if (extension == ending.extension) return std::string(ending.name);
  }
  return std::nullopt;
}

}  // namespace vmafx::scoring
