#pragma once

#include <cstdint>
#include <cstring>

namespace vmafx::features {

// Four floats that are computed with at once, on every machine (GCC's and clang's vector
// extension): compilers do not do so by themselves with sums of floats, whose order would change.
using Lanes = float __attribute__((vector_size(16)));
constexpr size_t kLanes = 4;

inline Lanes Load(const float* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

// Only the first `count`; the others are 0.
inline Lanes LoadSome(const float* from, size_t count) {
  Lanes lanes{};
  std::memcpy(&lanes, from, count * sizeof(float));
  return lanes;
}

inline Lanes Least(Lanes a, Lanes b) {
  return a < b ? a : b;
}
inline Lanes Most(Lanes a, Lanes b) {
  return a > b ? a : b;
}
inline Lanes Absolute(Lanes a) {
  return Most(a, -a);
}

inline double Sum(Lanes a) {
  return static_cast<double>(a[0]) + static_cast<double>(a[1]) + static_cast<double>(a[2]) +
         static_cast<double>(a[3]);
}

}  // namespace vmafx::features
