#pragma once

// `vmafx nodes`, `models`, `train status` and `completion`.

#include "app/vmafx/context.h"

namespace app {

void AddNodesCommand(CLI::App& app, Context& context);
void AddModelsCommand(CLI::App& app, Context& context);
void AddTrainCommand(CLI::App& app, Context& context);
// Knows the commands and flags of `app` as they are when it runs.
void AddCompletionCommand(CLI::App& app, Context& context);

}  // namespace app
