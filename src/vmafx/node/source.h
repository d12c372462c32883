#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace vmafx::node {

struct Checksum {
  std::string algorithm;  // "md5", "sha1" or "sha256"
  std::string hex;        // in lower case
};

// What a store says of an object before its bytes.
struct SourceInfo {
  std::optional<uint64_t> size;
  std::optional<Checksum> checksum;
};

// Takes an object as it comes. An error ends the reading and is what Source::Read returns.
class Receiver {
 public:
  virtual ~Receiver() = default;
  virtual base::Result<> Begin(const SourceInfo& info) = 0;  // once a Read, before the first bytes
  virtual base::Result<> Take(std::string_view bytes) = 0;
};

// One object somewhere else. One thread at a time.
class Source {
 public:
  virtual ~Source() = default;

  // For messages: the URI without what may be secret in it.
  virtual const std::string& name() const = 0;

  // Hands over all bytes from `offset` to the end. kUnavailable: trying again may help, from where
  // it broke off. kNotFound, kDenied, kInvalid (also: the object is another than at an earlier
  // Read): it will not. The message says what to do and does not begin with the name. kTimeout,
  // kCancelled: `until`.
  virtual base::Result<> Read(uint64_t offset, Receiver& receiver, const base::Until& until) = 0;
};

}  // namespace vmafx::node
