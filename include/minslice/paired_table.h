// Two logs joined by case id and repeat: what every statistic and every slice is computed from.
#ifndef MINSLICE_PAIRED_TABLE_H_
#define MINSLICE_PAIRED_TABLE_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "minslice/text_list.h"

namespace minslice {

inline constexpr std::uint32_t kNoValue = std::numeric_limits<std::uint32_t>::max();
inline constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// One way of cutting the cases. value_of_case[i] indexes values, or is kNoValue.
struct Dimension {
  std::string name;
  std::vector<std::string> values;  // ascending
  std::vector<std::uint32_t> value_of_case;
};

// One side's scores: `repeats` per case, row-major (case i, repeat r at i * repeats + r).
// A score is in [0, 1] for pass and model-given in the metric's range otherwise; kMissing where there is no
// row or an infra_error. model_error counts as 0 (intention to treat, methods 2.6).
struct PairedArm {
  int repeats = 1;
  std::vector<double> scores;
  std::vector<std::uint8_t> has_row;      // 1 where the log has a row for (case, repeat), even an infra_error
  std::vector<std::uint8_t> model_error;  // 1 where the row is a model_error

  // Over the repeats of case i that have a score; kMissing where none has.
  double case_mean(std::size_t i) const {
    if (repeats == 1) return scores[i];
    const auto k = static_cast<std::size_t>(repeats);
    double sum = 0;
    int present = 0;
    for (std::size_t cell = i * k; cell < (i + 1) * k; ++cell) {
      if (std::isnan(scores[cell])) continue;
      sum += scores[cell];
      ++present;
    }
    return present > 0 ? sum / present : kMissing;
  }
  bool HasRow(std::size_t i) const {  // in any repeat of case i
    const auto first = has_row.begin() + static_cast<std::ptrdiff_t>(i * static_cast<std::size_t>(repeats));
    return std::any_of(first, first + repeats, [](std::uint8_t row) { return row != 0; });
  }
};

// Cases are the union of both logs, ascending by id bytewise, so the order of lines changes nothing.
// A case is a complete pair if both case_mean are present.
struct PairedTable {
  std::string metric = "pass";
  bool binary = true;  // every score is 0 or 1
  TextList case_ids;
  std::vector<Dimension> dimensions;           // ascending by name
  std::vector<std::string> clusters;           // names; empty: no case has a cluster
  std::vector<std::uint32_t> cluster_of_case;  // kNoValue: a cluster of its own; empty when clusters is
  PairedArm incumbent;
  PairedArm candidate;

  std::size_t n_cases() const { return case_ids.size(); }
  bool complete(std::size_t i) const {
    return !std::isnan(incumbent.case_mean(i)) && !std::isnan(candidate.case_mean(i));
  }
};

}  // namespace minslice

#endif  // MINSLICE_PAIRED_TABLE_H_
