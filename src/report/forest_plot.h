// The drawings of the HTML pages, plain SVG without ids or styles: an interval beside its row, the axis above
// the column, the trend over runs, the curve of what more pairs would see. The figures stand beside them as
// text, so they are hidden from screen readers.
#ifndef MINSLICE_REPORT_FOREST_PLOT_H_
#define MINSLICE_REPORT_FOREST_PLOT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "minslice/verdict.h"

namespace minslice::report {

// Differences from -reach to +reach fill the width; what goes beyond ends in an arrow head.
class ForestScale {
 public:
  // Holds the intervals of the verdicts' rows that are not under the floor, at most 40 points.
  explicit ForestScale(const std::vector<const Verdict*>& verdicts);
  double reach() const { return reach_; }
  double X(double difference) const;  // clipped

  std::string Axis() const;
  // The interval and its point; the tolerated loss as a band from -margin to 0; a stroke where the
  // candidate's rate would meet the absolute floor; a ring at the shrunken difference.
  std::string Row(const VerdictRow& row, std::optional<double> floor, std::optional<double> shrunken) const;

 private:
  double reach_ = 0.05;
};

// Intervals of one row over several runs, left to right; an absent row leaves its place empty.
std::string TrendPlot(const std::vector<const VerdictRow*>& rows, double reach);

// Sizes against pairs on a logarithmic axis: the solid line is the smallest difference seen, the dashed one
// the smallest margin certified. Empty where there is nothing to draw.
std::string CurvePlot(const std::vector<VerdictMdePoint>& points, std::int64_t own_pairs);

}  // namespace minslice::report

#endif  // MINSLICE_REPORT_FOREST_PLOT_H_
