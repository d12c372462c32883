#pragma once

// `vmafx submit`, `get`, `watch` and `cancel`: jobs of a controller.

#include "app/vmafx/context.h"

namespace app {

void AddSubmitCommand(CLI::App& app, Context& context);
void AddGetCommand(CLI::App& app, Context& context);
void AddWatchCommand(CLI::App& app, Context& context);
void AddCancelCommand(CLI::App& app, Context& context);

}  // namespace app
