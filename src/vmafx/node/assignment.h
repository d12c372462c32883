#pragma once

#include <cstdint>
#include <string>

namespace vmafx::node {

// What registering gave.
struct Credentials {
  std::string node_id;
  std::string token;
  bool operator==(const Credentials&) const = default;
};

struct JobRef {
  std::string id;
  int32_t attempt = 0;
};

// A job as pulled.
struct Assignment {
  JobRef job;
  std::string reference;  // URIs
  std::string distorted;
  std::string model;    // empty: the default
  std::string backend;  // empty: any
  // Geometry of raw files; all empty: none given.
  uint32_t width = 0;
  uint32_t height = 0;
  std::string pixel_format;  // "420", "422", "444"
  uint32_t bit_depth = 0;
  uint32_t threads = 0;  // 0: the worker's own
  std::string problem;   // not empty: its options cannot be applied, and why
};

}  // namespace vmafx::node
