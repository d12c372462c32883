#pragma once

namespace app {

constexpr char kVersion[] = "seatrial 0.1.0";
// The kuttl whose behaviour this program has where it is called kubectl-kuttl.
constexpr char kKuttlVersion[] = "0.26.0";

}  // namespace app
