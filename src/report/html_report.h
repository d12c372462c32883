#pragma once

// A run as one HTML file that needs nothing else: summary, failures, timelines, history. The page
// is src/report/html; this gives it its data.

#include <filesystem>
#include <string>

#include "report/history.h"
#include "report/record.h"
#include "report/timeline.h"
#include "value/json.h"

namespace report {

struct HtmlSources {
  const RunRecord& run;
  const Timeline& timeline;
  const HistoryDigest* history = nullptr;  // null: none is kept
  std::filesystem::path file;              // where the report will be: links are relative to it
};

struct HtmlLimits {
  // Of timelines and collected files; failed tests come first. What does not fit is named.
  size_t bytes = size_t{24} << 20;
  size_t files_of_test = size_t{512} << 10;
  size_t file = size_t{48} << 10;  // the end of a log, the beginning of others
};

// The whole page. Reads the files that failed steps left (RunRecord's `collected`) into it: blocks
// as the disk does. Everything that users wrote is escaped.
std::string FormatHtml(const HtmlSources& sources, const HtmlLimits& limits = {});

// The data of the page; the keys are explained in html/report.js.
value::Json HtmlData(const HtmlSources& sources, const HtmlLimits& limits = {});

}  // namespace report
