#include "report/html_report.h"

#include <map>

#include "base/html.h"
#include "report/html/assets.h"
#include "report/results.h"
#include "report/words.h"

namespace report {
namespace {

// JSON inside <script>: the parser of HTML knows no quotes, but "</script" and "<!--" it knows.
// Without "<" there is neither; JSON reads \u003c as the same character.
// https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements
std::string EscapeScriptData(const std::string& json) {
  std::string escaped;
  escaped.reserve(json.size() + json.size() / 64);
  for (const char c : json) {
    if (c == '<')
      escaped += "\\u003c";
    else
      escaped += c;
  }
  return escaped;
}

// Each {{name}} by its value, in one pass: what is put in is not looked at again.
std::string Fill(std::string_view page, const std::map<std::string, std::string_view>& values) {
  std::string filled;
  for (size_t at = 0;;) {
    const size_t open = page.find("{{", at);
    const size_t close = page.find("}}", open == std::string_view::npos ? at : open);
    if (open == std::string_view::npos || close == std::string_view::npos) {
      filled += page.substr(at);
      return filled;
    }
    filled += page.substr(at, open - at);
    const auto value = values.find(std::string(page.substr(open + 2, close - open - 2)));
    if (value != values.end()) filled += value->second;
    at = close + 2;
  }
}

// For readers without JavaScript: what failed.
std::string PlainText(const RunRecord& run) {
  std::string text;
  for (const SuiteResult& suite : MakeResults(run, Granularity::kTest).suites) {
    for (const CaseResult& result : suite.cases) {
      if (result.verdict == trial::Verdict::kPassed || result.verdict == trial::Verdict::kSkipped)
        continue;
      text += result.name + ": " + result.message + "\n" + result.text + "\n";
    }
  }
  return Printable(text.empty() ? "nothing failed" : text);
}

}  // namespace

std::string FormatHtml(const HtmlSources& sources, const HtmlLimits& limits) {
  const std::string& name = sources.run.started.name;
  const std::string title = base::EscapeHtml(Printable(name.empty() ? "Test run" : name));
  const std::string text = base::EscapeHtml(PlainText(sources.run));
  const std::string data = EscapeScriptData(HtmlData(sources, limits).dump());
  return Fill(html::Page(), {{"title", title},
                             {"style", html::Style()},
                             {"text", text},
                             {"data", data},
                             {"script", html::Script()}});
}

}  // namespace report
