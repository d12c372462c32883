#include "app/vmafx/context.h"

#include <cstdio>
#include <map>

#include <fmt/format.h>

namespace app {

void AddFormat(CLI::App& command, Format& format) {
  static const std::map<std::string, Format> kFormats = {{"text", Format::kText},
                                                         {"json", Format::kJson}};
  command.add_option("-o,--output", format, "text (default) or json")
      ->transform(CLI::CheckedTransformer(kFormats).description(""))
      ->type_name("FORMAT");
}

int Explain(int exit_code, const base::Error& error) {
  if (error.code() != base::Code::kCancelled) fmt::print(stderr, "error: {}\n", error.message());
  return exit_code;
}

int Explain(const base::Error& error) {
  return Explain(error.code() == base::Code::kInvalid ? kUsage : kErrored, error);
}

int Print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) {
    return kPassed;
  }
  return Explain(kErrored, base::Error(base::Code::kUnavailable, "the output cannot be written"));
}

}  // namespace app
