#pragma once

#include <string>

namespace vmafx::controller {

// The HTTP side in OpenAPI 3.0 (https://spec.openapis.org/oas/v3.0.3), as JSON.
std::string OpenApi(const std::string& version);

// The same for people: a page that needs nothing from elsewhere.
std::string OpenApiPage(const std::string& specification);

}  // namespace vmafx::controller
