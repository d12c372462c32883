#include "app/seatrial/clusters.h"

#include <filesystem>

namespace app {

std::unique_ptr<cluster::Provider> MakeProvider(Context& context, const std::string& state_dir) {
  return cluster::MakeNativeProvider(
      {.state_dir = state_dir, .program = std::filesystem::read_symlink("/proc/self/exe")},
      context.clock);
}

}  // namespace app
