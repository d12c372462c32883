#include "cluster/native/hidden.h"

#include <cstdlib>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "cluster/engine/runtime_wrapper.h"
#include "cluster/native/enter.h"
#include "cluster/native/init.h"
#include "cluster/native/relay.h"

namespace cluster::native {

std::optional<int> RunHiddenCommand(int argc, char** argv, base::Clock& clock) {
  if (argc < 2) return std::nullopt;
  const std::string_view command = argv[1];
  if (command == "capsule-enter") return RunEnter({argv + 2, argv + argc});
  if (command == "capsule-init") return RunInit(clock, base::Log::ToStderr(base::Level::kInfo));
  if (command == "engine-runc") return engine::RunRuntimeWrapper({argv + 2, argv + argc});
  if (command == "capsule-relay" && argc == 3)
    return RunRelay(3, std::atoi(argv[2]), base::Log::ToStderr(base::Level::kInfo));
  return std::nullopt;
}

}  // namespace cluster::native
