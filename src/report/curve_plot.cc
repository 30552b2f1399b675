// What so many pairs would see and certify, with the run's own size marked.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/forest_plot.h"
#include "report/format.h"

namespace minslice::report {
namespace {

constexpr double kLeft = 48;
constexpr double kRight = 620;
constexpr double kTop = 12;
constexpr double kBottom = 210;

}  // namespace

std::string CurvePlot(const std::vector<VerdictMdePoint>& points, std::int64_t own_pairs) {
  double largest = 0;
  for (const VerdictMdePoint& point : points)
    largest = std::max({largest, point.mde.value_or(0), point.resolvable_margin.value_or(0)});
  if (points.size() < 2 || largest <= 0 || points.front().n_pairs < 1) return "";
  const double first = std::log(static_cast<double>(points.front().n_pairs));
  const double last = std::log(static_cast<double>(points.back().n_pairs));
  const auto x = [&](std::int64_t n) {
    const double part =
        last > first ? (std::log(static_cast<double>(std::max<std::int64_t>(n, 1))) - first) / (last - first)
                     : 0;
    return kLeft + std::clamp(part, 0.0, 1.0) * (kRight - kLeft);
  };
  const auto y = [&](double size) { return kBottom - size / largest * (kBottom - kTop); };
  std::string out = "<svg class=\"curve\" viewBox=\"0 0 660 250\" aria-hidden=\"true\">";
  for (const double part : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    out += fmt::format(
        "<path class=\"grid\" d=\"M{:.0f} {:.1f}H{:.0f}\"/><text x=\"4\" y=\"{:.1f}\">{} pt</text>", kLeft,
        y(part * largest), kRight, y(part * largest) + 4, Size(part * largest));
  }
  for (const VerdictMdePoint& point : {points.front(), points.back()})
    out += fmt::format("<text x=\"{:.1f}\" y=\"228\">{}</text>", x(point.n_pairs) - 12, Count(point.n_pairs));
  for (const auto& [css, field] : {std::pair("first", &VerdictMdePoint::mde),
                                   std::pair("second", &VerdictMdePoint::resolvable_margin)}) {
    std::string line;
    for (const VerdictMdePoint& point : points) {
      if (point.*field)
        line +=
            fmt::format("{}{:.1f} {:.1f}", line.empty() ? "M" : "L", x(point.n_pairs), y(*(point.*field)));
    }
    out += fmt::format("<path class=\"{}\" d=\"{}\"/>", css, line);
  }
  out += fmt::format(
      "<path class=\"here\" d=\"M{0:.1f} {1:.0f}V{2:.0f}\"/><text x=\"{3:.1f}\" y=\"244\">this run: "
      "{4}</text>",
      x(own_pairs), kTop, kBottom, std::min(x(own_pairs) - 20, kRight - 90), Count(own_pairs));
  return out + "</svg>\n";
}

}  // namespace minslice::report
