#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vmafx::client {

// One curve over the frames.
struct ChartSeries {
  std::string name;
  std::vector<double> values;  // one a frame; what is not finite is left out
  // The scale's ends; nullopt: those of the values. A value beyond them widens the scale.
  std::optional<std::pair<double, double>> range;
};

struct Chart {
  std::string title;
  std::vector<std::pair<std::string, std::string>> facts;  // name and value, in order
  std::vector<ChartSeries> series;                         // the first is drawn large
};

// One HTML page that needs nothing else: curves as inline SVG, light and dark by the reader's
// setting, each frame's number as its tooltip; no scripts. All text is escaped, and bytes that are
// not UTF-8 are replaced; the page is well-formed XML too. More frames than there are pixels are
// drawn as the mean within the band between lowest and highest.
std::string RenderChart(const Chart& chart);

}  // namespace vmafx::client
