#include "trial/template_vars.h"

#include <algorithm>

namespace trial {
namespace {

using base::Code;
using base::Fail;
using base::Result;

// The fields of the first line of a text in CSV (RFC 4180, as Go's encoding/csv).
Result<std::vector<std::string>> ReadCsvLine(const std::string& text) {
  std::vector<std::string> fields;
  size_t at = 0;
  for (bool more = true; more;) {
    std::string field;
    if (at < text.size() && text[at] == '"') {
      for (++at;; ++at) {
        if (at == text.size()) return Fail(Code::kInvalid, "{}: a quote is not closed", text);
        if (text[at] != '"') {
          field += text[at];
        } else if (at + 1 < text.size() && text[at + 1] == '"') {
          field += text[at++];
        } else {
          break;
        }
      }
      ++at;
    } else {
      const size_t end = std::min(text.find_first_of(",\n", at), text.size());
      field = text.substr(at, end - at);
      at = end;
      if (field.find('"') != std::string::npos)
        return Fail(Code::kInvalid, "{}: a quote inside of {}: quote all of NAME=VALUE", text,
                    field);
    }
    more = at < text.size() && text[at] == ',';
    if (!more && at < text.size() && text[at] != '\n')
      return Fail(Code::kInvalid, "{}: text behind a closing quote", text);
    ++at;
    fields.push_back(std::move(field));
  }
  return fields;
}

Result<std::vector<std::string>> Pairs(const std::string& argument) {
  const auto count = std::count(argument.begin(), argument.end(), '=');
  if (count == 0) return Fail(Code::kInvalid, "{}: want NAME=VALUE", argument);
  if (count > 1) return ReadCsvLine(argument);
  const size_t begin = std::min(argument.find_first_not_of('"'), argument.size());
  const size_t end = argument.find_last_not_of('"');
  return std::vector<std::string>{argument.substr(begin, end + 1 - begin)};
}

}  // namespace

Result<std::map<std::string, std::string>> ParseTemplateVars(
    const std::vector<std::string>& arguments) {
  std::map<std::string, std::string> vars;
  for (const std::string& argument : arguments) {
    for (const std::string& pair : TRY(Pairs(argument))) {
      const size_t equals = pair.find('=');
      if (equals == std::string::npos) return Fail(Code::kInvalid, "{}: want NAME=VALUE", pair);
      vars[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
  }
  return vars;
}

}  // namespace trial
