#pragma once

#include <string>
#include <string_view>

namespace base {

// `text` as HTML and XML have to write it, in text and in quoted attributes: the characters that
// are markup become character references, all others stay as they are (control characters too).
// https://html.spec.whatwg.org/multipage/syntax.html#character-references
std::string EscapeHtml(std::string_view text);

}  // namespace base
