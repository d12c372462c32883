#include "vmafx/client/chart.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/html.h"
#include "value/utf8.h"

namespace vmafx::client {

namespace {

constexpr double kWidth = 1000;
constexpr double kLeft = 56;
constexpr double kRight = 12;
constexpr double kTop = 10;
constexpr double kBottom = 24;
constexpr double kPlotWidth = kWidth - kLeft - kRight;
constexpr double kLargeHeight = 320;
constexpr double kSmallHeight = 150;
constexpr size_t kMostColumns = 900;

constexpr char kStyle[] = R"(
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2733; --soft: #5b6b7b; --grid: #e3e8ee; --curve: #0b65c2;
  --band: #0b65c233; --hover: #0b65c226; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181d; --ink: #e6ebf0; --soft: #98a5b3; --grid: #2a323b; --curve: #6cb2ff; --band: #6cb2ff40;
    --hover: #6cb2ff33; }
}
body { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 1100px; padding: 24px; }
h1 { font-size: 20px; margin: 0 0 12px; overflow-wrap: anywhere; }
h2 { font-size: 15px; margin: 20px 0 4px; }
dl { display: grid; gap: 2px 16px; grid-template-columns: max-content 1fr; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
svg { display: block; height: auto; width: 100%; }
svg text { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
.grid { stroke: var(--grid); stroke-width: 1; }
.mean { stroke: var(--soft); stroke-dasharray: 4 4; stroke-width: 1; }
.curve { fill: none; stroke: var(--curve); stroke-linejoin: round; stroke-width: 1.6; }
.band { fill: var(--band); stroke: none; }
.hit { fill: transparent; }
.hit:hover { fill: var(--hover); }
)";

// Frames that are drawn as one.
struct Column {
  size_t first = 0;
  size_t last = 0;
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  double sum = 0;
  size_t count = 0;  // of finite values

  void Add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
    sum += value;
    ++count;
  }
  double mean() const { return sum / static_cast<double>(count); }
};

std::vector<Column> Columns(const std::vector<double>& values) {
  const size_t each = std::max<size_t>(1, (values.size() + kMostColumns - 1) / kMostColumns);
  std::vector<Column> columns;
  for (size_t i = 0; i < values.size(); ++i) {
    if (i % each == 0) columns.push_back({.first = i});
    columns.back().last = i;
    if (std::isfinite(values[i])) columns.back().Add(values[i]);
  }
  return columns;
}

// 1, 2 or 5 times a power of ten, so that `span` has about `parts` of it.
double NiceStep(double span, int parts) {
  const double rough = span / parts;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough) return factor * power;
  }
  return 10 * power;
}

struct Scale {
  double low = 0;
  double high = 1;
  double step = 0.2;

  Scale(const ChartSeries& series, const std::vector<Column>& columns) {
    double least = std::numeric_limits<double>::infinity();
    double most = -least;
    if (series.range) std::tie(least, most) = *series.range;
    for (const Column& column : columns) {
      if (column.count == 0) continue;
      least = std::min(least, column.low);
      most = std::max(most, column.high);
    }
    if (!(least <= most)) return;  // nothing to draw
    if (most - least < 1e-9 * std::max(1.0, std::abs(most))) {
      least -= 0.5;
      most += 0.5;
    }
    step = NiceStep(most - least, 5);
    low = std::floor(least / step) * step;
    high = std::ceil(most / step) * step;
  }
};

// What stands for `text` on the page: valid UTF-8, and spaces for control characters, which may not
// stand in HTML.
std::string Shown(std::string_view text) {
  std::string shown = value::ToValidUtf8(text);
  for (char& c : shown)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return base::EscapeHtml(shown);
}

// Draws one series.
class Plot {
 public:
  Plot(const ChartSeries& series, double height)
      : series_(series),
        columns_(Columns(series.values)),
        scale_(series, columns_),
        height_(height) {}

  std::string Render() {
    svg_ = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{} by frame\">\n",
                       kWidth, height_, Shown(series_.name));
    DrawGrid();
    DrawFrameNumbers();
    DrawBand();
    DrawCurve();
    DrawTooltips();
    return svg_ + "</svg>\n";
  }

 private:
  double X(double column) const {
    return kLeft + kPlotWidth * column / static_cast<double>(std::max<size_t>(1, columns_.size()));
  }
  double Middle(size_t column) const { return X(static_cast<double>(column) + 0.5); }
  double Y(double value) const {
    const double plot = height_ - kTop - kBottom;
    return kTop + plot * (scale_.high - value) / (scale_.high - scale_.low);
  }

  void HorizontalLine(const char* kind, double value) {
    svg_ += fmt::format(
        "<line class=\"{0}\" x1=\"{1:.1f}\" x2=\"{2:.1f}\" y1=\"{3:.1f}\" y2=\"{3:.1f}\"/>\n", kind,
        kLeft, kWidth - kRight, Y(value));
  }

  void DrawGrid() {
    const auto steps = static_cast<int>(std::lround((scale_.high - scale_.low) / scale_.step));
    for (int i = 0; i <= steps; ++i) {
      const double value = scale_.low + i * scale_.step;
      HorizontalLine("grid", value);
      svg_ +=
          fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{:.6g}</text>\n",
                      kLeft - 8, Y(value) + 4, std::abs(value) < scale_.step * 1e-6 ? 0.0 : value);
    }
  }

  void DrawFrameNumbers() {
    const size_t frames = series_.values.size();
    if (frames == 0) return;
    const auto step = static_cast<size_t>(std::max(1.0, NiceStep(static_cast<double>(frames), 10)));
    const size_t each = columns_.front().last + 1;
    for (size_t frame = 0; frame < frames; frame += step) {
      svg_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n",
                          X((static_cast<double>(frame) + 0.5) / static_cast<double>(each)),
                          height_ - 6, frame);
    }
  }

  void DrawBand() {
    if (columns_.empty() || columns_.front().first == columns_.front().last) return;
    std::string upper;
    std::string lower;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].count == 0) continue;
      upper += fmt::format("{:.1f},{:.1f} ", Middle(i), Y(columns_[i].high));
      lower = fmt::format("{:.1f},{:.1f} ", Middle(i), Y(columns_[i].low)) + lower;
    }
    svg_ += fmt::format("<polygon class=\"band\" points=\"{}{}\"/>\n", upper, lower);
  }

  void DrawCurve() {
    std::string path;
    double sum = 0;
    size_t count = 0;
    bool gap = true;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const Column& column = columns_[i];
      if (column.count != 0) {
        path += fmt::format("{}{:.1f} {:.1f}", gap ? 'M' : 'L', Middle(i), Y(column.mean()));
      }
      gap = column.count == 0;
      sum += column.sum;
      count += column.count;
    }
    if (count == 0) return;
    HorizontalLine("mean", sum / static_cast<double>(count));
    // A single point has no length: its round end is what is seen.
    svg_ += fmt::format("<path class=\"curve\" stroke-linecap=\"round\" d=\"{}{}\"/>\n", path,
                        columns_.size() == 1 ? "h0.1" : "");
  }

  void DrawTooltips() {
    for (size_t i = 0; i < columns_.size(); ++i) {
      const Column& column = columns_[i];
      if (column.count == 0) continue;
      const std::string words =
          column.first == column.last
              ? fmt::format("frame {}: {:.6g}", column.first, column.low)
              : fmt::format("frames {} to {}: mean {:.6g}, lowest {:.6g}, highest {:.6g}",
                            column.first, column.last, column.mean(), column.low, column.high);
      svg_ += fmt::format(
          "<rect class=\"hit\" x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{:.1f}\">"
          "<title>{}</title></rect>\n",
          X(static_cast<double>(i)), kTop,
          X(static_cast<double>(i) + 1) - X(static_cast<double>(i)), height_ - kTop - kBottom,
          words);
    }
  }

  const ChartSeries& series_;
  std::vector<Column> columns_;
  Scale scale_;
  double height_;
  std::string svg_;
};

}  // namespace

std::string RenderChart(const Chart& chart) {
  const std::string title = Shown(chart.title);
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<title>{0}</title>\n<style>{1}</style>\n</head>\n<body>\n<h1>{0}</h1>\n<dl>\n",
      title, kStyle);
  for (const auto& [name, value] : chart.facts) {
    html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", Shown(name), Shown(value));
  }
  html += "</dl>\n";
  double height = kLargeHeight;
  for (const ChartSeries& series : chart.series) {
    html += fmt::format("<h2>{}</h2>\n", Shown(series.name)) + Plot(series, height).Render();
    height = kSmallHeight;
  }
  return html + "</body>\n</html>\n";
}

}  // namespace vmafx::client
