#pragma once

// Command lines as kuttl reads them: variables first, over the raw text; then words; no shell.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace trial {

// Go's os.Expand: $NAME and ${NAME}; `$$` is a dollar; an unknown name, $1 and $* give nothing; a
// dollar before anything else stays. There are no defaults: ${A:-b} is the variable called "A:-b".
std::string ExpandVariables(std::string_view text,
                            const std::map<std::string, std::string>& variables);

// google/shlex: blanks separate; '..' is literal; ".." and bare words know backslash; a word that
// starts with # begins a comment. kInvalid for a quote or a backslash that does not end.
base::Result<std::vector<std::string>> SplitWords(std::string_view text);

// The words with "--namespace NS" at the very end unless they name a namespace themselves (-n,
// --namespace, before any "--"), as kuttl's `namespaced: true` does. kInvalid for -h and --help,
// and for -n without a value.
base::Result<std::vector<std::string>> AddNamespace(std::vector<std::string> words,
                                                    const std::string& ns);

// A script in one line for messages: no blank lines, comments or first-line `set`, lines joined,
// cut to 70 characters.
std::string Summarize(std::string_view script);

}  // namespace trial
