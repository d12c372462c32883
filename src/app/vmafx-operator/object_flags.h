#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "value/json.h"
#include "vmafx/operator/operator.h"

// A flag whose value is a JSON object; CLI11 takes a refusal for bad usage.
CLI::Option* AddJsonOption(CLI::App& cli, const std::string& name, value::Json& object,
                           const std::string& help);

// What concerns VmafxNodes and VmafxModelTrainings.
void AddObjectFlags(CLI::App& cli, vmafx::operators::OperatorOptions& options);
