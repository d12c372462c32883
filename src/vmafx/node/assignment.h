#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace vmafx::node {

// Who this worker is, as it tells the controller.
struct Identity {
  std::string name;             // its Pod's name, or the host's
  std::string backend = "cpu";  // the one that scores here
  std::string ns;               // of its Pod, or ""
  std::string vmafx_node;       // the VmafxNode whose slot it has, or ""
  std::string device;           // "cpu: 2 threads"
  int slots = 1;                // jobs at once
  bool pool = false;            // takes unpinned jobs
};

// What registering gave.
struct Credentials {
  std::string node_id;
  std::string token;
  bool operator==(const Credentials&) const = default;
};

struct JobRef {
  std::string id;
  int32_t attempt = 0;
  auto operator<=>(const JobRef&) const = default;
};

// A sample that its trainer has not acknowledged: the final report carries it to the controller,
// which brings it later.
struct UndeliveredSample {
  std::string trainer;  // HOST:PORT
  std::string line;     // of api/feedback.h, without its end
};

// A job as pulled.
struct Assignment {
  JobRef job;
  std::string ns;         // of its VmafxJob; "" for a job that a client submitted
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
