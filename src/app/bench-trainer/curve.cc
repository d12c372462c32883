#include "app/bench-trainer/curve.h"

#include <algorithm>

#include <fmt/format.h>

namespace bench {
namespace {

constexpr double kLeft = 70;
constexpr double kTop = 50;
constexpr double kWidth = 760;
constexpr double kHeight = 380;

struct Frame {
  double most_samples;
  double X(double samples) const { return kLeft + kWidth * samples / most_samples; }
  static double Y(double plcc) { return kTop + kHeight * (1 - std::clamp(plcc, 0.0, 1.0)); }
};

std::string Line(double x1, double y1, double x2, double y2, const char* style) {
  return fmt::format("<line x1='{:.1f}' y1='{:.1f}' x2='{:.1f}' y2='{:.1f}' {}/>\n", x1, y1, x2, y2,
                     style);
}

std::string Text(double x, double y, const char* style, const std::string& text) {
  return fmt::format("<text x='{:.1f}' y='{:.1f}' {}>{}</text>\n", x, y, style, text);
}

std::string Axes(const Frame& frame) {
  std::string svg;
  for (int tenth = 0; tenth <= 10; tenth += 2) {
    const double y = Frame::Y(tenth / 10.0);
    svg += Line(kLeft, y, kLeft + kWidth, y, "stroke='#ddd'");
    svg += Text(kLeft - 10, y + 4, "text-anchor='end'", fmt::format("{:.1f}", tenth / 10.0));
  }
  for (double samples = 0; samples <= frame.most_samples; samples += 50) {
    svg += Text(frame.X(samples), kTop + kHeight + 20, "text-anchor='middle'",
                fmt::format("{:.0f}", samples));
  }
  svg += Line(kLeft, Frame::Y(0.9), kLeft + kWidth, Frame::Y(0.9),
              "stroke='#2a7' stroke-dasharray='6 4'");
  svg += Text(kLeft + kWidth, Frame::Y(0.9) - 6, "text-anchor='end' fill='#2a7'", "0.9");
  svg += Text(kLeft + kWidth / 2, kTop + kHeight + 44, "text-anchor='middle'",
              "scored clip pairs seen by the trainer");
  return svg;
}

const char* Colour(const std::string& gate) {
  if (gate == "Passed") return "#2a7";
  return gate == "Rejected" ? "#d33" : "#fa0";
}

}  // namespace

std::string DrawCurve(const std::vector<Point>& points, int64_t poisoned_from) {
  const auto last = points.empty() ? int64_t{1} : std::max<int64_t>(1, points.back().samples);
  const Frame frame{static_cast<double>(last)};
  std::string svg =
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 880 500' font-family='sans-serif' "
      "font-size='13'>\n<rect width='880' height='500' fill='white'/>\n";
  svg += Text(kLeft, 28, "font-size='17'",
              "PLCC of the student with libvmaf, on clip pairs that it never saw");
  if (poisoned_from > 0) {
    const double x = frame.X(static_cast<double>(poisoned_from));
    svg += fmt::format("<rect x='{:.1f}' y='{:.1f}' width='{:.1f}' height='{:.1f}' fill='#fdd'/>\n",
                       x, kTop, kLeft + kWidth - x, kHeight);
    svg += Text(x + 6, kTop + kHeight - 10, "fill='#a33'", "poisoned");
  }
  svg += Axes(frame);
  std::string path;
  for (const Point& point : points) {
    path += fmt::format("{:.1f},{:.1f} ", frame.X(static_cast<double>(point.samples)),
                        Frame::Y(point.plcc));
  }
  svg += "<polyline fill='none' stroke='#235' stroke-width='2' points='" + path + "'/>\n";
  for (const Point& point : points) {
    if (point.gate.empty()) continue;
    svg += fmt::format(
        "<circle cx='{:.1f}' cy='{:.1f}' r='5' fill='{}'><title>{} samples, PLCC "
        "{:.4f}, gate {}</title></circle>\n",
        frame.X(static_cast<double>(point.samples)), Frame::Y(point.plcc), Colour(point.gate),
        point.samples, point.plcc, point.gate);
  }
  double x = kLeft + kWidth - 330;
  for (const char* gate : {"NotEnoughSamples", "Passed", "Rejected"}) {
    svg += fmt::format("<circle cx='{:.1f}' cy='{:.1f}' r='5' fill='{}'/>\n", x,
                       kTop + kHeight - 30, Colour(gate));
    svg += Text(x + 10, kTop + kHeight - 26, "", gate);
    x += 145;
  }
  return svg + "</svg>\n";
}

}  // namespace bench
