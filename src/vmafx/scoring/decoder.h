#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "sys/process.h"
#include "vmafx/scoring/byte_stream.h"

namespace vmafx::scoring {

struct DecodeRequest {
  std::filesystem::path file;     // a regular one
  std::string name;               // what messages call it
  std::filesystem::path program;  // ffmpeg, version 5.1 or newer
  unsigned threads = 1;
};

// Y4M of every frame of the file's first video stream, made by an ffmpeg child as it is read: as
// they are stored, one after the other whatever their timestamps say, nothing scaled, rotated,
// repeated, dropped or converted. The child is confined (confine.h), has an empty environment and
// the file as its one open one, and is killed when the stream is destroyed.
//
// The end comes only when ffmpeg has exited with 0 and has complained of nothing; else the last
// Read is kInvalid with what it said (a damaged or cut file), or kInternal when it was killed.
// Open: kNotFound, kDenied: the file or the program; kInvalid: not a regular file, or shorter than
// its own container says.
base::Result<std::shared_ptr<ByteStream>> OpenDecoder(const DecodeRequest& request,
                                                      const base::Until& until);

// What ffmpeg complained of in a log of "-loglevel level+verbose", most telling first, without
// addresses and repetitions; printable ASCII only.
std::vector<std::string> Complaints(std::string_view log);

// Why a decoder that ended so did not decode `name`; Ok when it did.
base::Result<> JudgeDecoder(const sys::Exit& exit, const std::string& name);

}  // namespace vmafx::scoring
