#include "report/forest_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace minslice::report {
namespace {

constexpr double kWidth = 224;
constexpr double kHeight = 22;
constexpr double kEdge = 8;  // room for arrow heads
constexpr double kLargestReach = 0.40;

// At most one decimal: a tenth of a pixel.
std::string Px(double x) {
  std::string text = fmt::format("{:.1f}", x);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

// The smallest of these that holds `size`.
double RoundUp(double size) {
  for (const double step : {0.02, 0.05, 0.10, 0.20, 0.30}) {
    if (size <= step) return step;
  }
  return kLargestReach;
}

double Extent(const VerdictRow& row) {
  return std::max(std::abs(row.ci_low.value_or(0)), std::abs(row.ci_high.value_or(0)));
}

}  // namespace

ForestScale::ForestScale(const std::vector<const Verdict*>& verdicts) {
  double largest = 0;
  for (const Verdict* verdict : verdicts) {
    largest = std::max(largest, Extent(verdict->aggregate));
    for (const VerdictSegment& segment : verdict->segments) {
      if (!segment.under_floor) largest = std::max(largest, Extent(segment.row));
    }
  }
  reach_ = RoundUp(largest);
}

double ForestScale::X(double difference) const {
  const double part = std::clamp(difference / reach_, -1.0, 1.0);
  return kWidth / 2 + part * (kWidth / 2 - kEdge);
}

std::string ForestScale::Axis() const {
  std::string out = "<svg class=\"f\" viewBox=\"0 0 224 22\" aria-hidden=\"true\">";
  for (const double tick : {-1.0, -0.5, 0.0, 0.5, 1.0}) {
    const double value = tick * reach_ * 100;
    const std::string x = Px(std::clamp(X(tick * reach_), 14.0, kWidth - 14));
    out += fmt::format("<text x=\"{}\" y=\"12\">{}</text><path class=\"zero\" d=\"M{} 16v6\"/>", x,
                       value == 0 ? "0" : fmt::format("{:+g}", value), Px(X(tick * reach_)));
  }
  return out + "</svg>";
}

std::string ForestScale::Row(const VerdictRow& row, std::optional<double> floor,
                             std::optional<double> shrunken) const {
  std::string out = "<svg class=\"f\" viewBox=\"0 0 224 22\" aria-hidden=\"true\">";
  const double zero = X(0);
  if (row.margin && *row.margin > 0) {
    const double x = X(-*row.margin);
    out += fmt::format("<path class=\"band\" d=\"M{} 0H{}v22H{}z\"/><path class=\"margin\" d=\"M{} 0v22\"/>",
                       Px(x), Px(zero), Px(x), Px(x));
  }
  out += fmt::format("<path class=\"zero\" d=\"M{} 0v22\"/>", Px(zero));
  if (floor && row.incumbent_rate) {
    const double at = *floor - *row.incumbent_rate;
    if (std::abs(at) <= reach_) out += fmt::format("<path class=\"floor\" d=\"M{} 3v16\"/>", Px(X(at)));
  }
  if (row.ci_low && row.ci_high) {
    const double low = X(*row.ci_low);
    const double high = X(*row.ci_high);
    out += fmt::format("<path class=\"ci\" d=\"M{} 11H{}\"/>", Px(low), Px(high));
    if (*row.ci_low < -reach_) out += fmt::format("<path class=\"head\" d=\"M{} 11l6 -4v8z\"/>", Px(low - 6));
    if (*row.ci_high > reach_)
      out += fmt::format("<path class=\"head\" d=\"M{} 11l-6 -4v8z\"/>", Px(high + 6));
  }
  if (shrunken)
    out += fmt::format("<circle class=\"shrunk\" cx=\"{}\" cy=\"11\" r=\"4.5\"/>", Px(X(*shrunken)));
  if (row.delta) out += fmt::format("<circle class=\"dot\" cx=\"{}\" cy=\"11\" r=\"3\"/>", Px(X(*row.delta)));
  return out + "</svg>";
}

std::string TrendPlot(const std::vector<const VerdictRow*>& rows, double reach) {
  constexpr double kTall = 44;
  const auto y = [&](double difference) {
    return kTall / 2 - std::clamp(difference / reach, -1.0, 1.0) * (kTall / 2 - 3);
  };
  const double step = (kWidth - 2 * kEdge) / static_cast<double>(std::max<std::size_t>(rows.size(), 1));
  std::string out = fmt::format(
      "<svg class=\"f trend\" viewBox=\"0 0 224 44\" aria-hidden=\"true\"><path class=\"zero\" d=\"M0 "
      "{0}H224\"/>",
      Px(kTall / 2));
  std::string line;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] == nullptr || !rows[i]->delta) continue;
    const double x = kEdge + (static_cast<double>(i) + 0.5) * step;
    if (rows[i]->ci_low && rows[i]->ci_high)
      out += fmt::format("<path class=\"ci\" d=\"M{} {}V{}\"/>", Px(x), Px(y(*rows[i]->ci_low)),
                         Px(y(*rows[i]->ci_high)));
    line += fmt::format("{}{} {}", line.empty() ? "M" : "L", Px(x), Px(y(*rows[i]->delta)));
    out +=
        fmt::format("<circle class=\"dot\" cx=\"{}\" cy=\"{}\" r=\"2.6\"/>", Px(x), Px(y(*rows[i]->delta)));
  }
  return out + fmt::format("<path class=\"path\" d=\"{}\"/></svg>", line);
}

}  // namespace minslice::report
