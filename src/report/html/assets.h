#pragma once

// The page of the HTML report as it stands beside this file: report.html, report.css, report.js.
// CMake puts them into the program (house_embed); they live as long as it does.

#include <string_view>

namespace report::html {

std::string_view Page();   // report.html, with {{title}}, {{style}}, {{text}}, {{data}}, {{script}}
std::string_view Style();  // report.css
std::string_view Script();  // report.js

}  // namespace report::html
