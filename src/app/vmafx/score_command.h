#pragma once

// `vmafx score`: scores two local videos with libvmaf in this process.

#include "app/vmafx/context.h"

namespace app {

void AddScoreCommand(CLI::App& app, Context& context);

}  // namespace app
