#include "pair/arm_filler.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "minslice/case_counts.h"
#include "pair/wording.h"

namespace minslice::pair {
void ArmFiller::Fill(std::span<const Row> rows) {
  const std::size_t base = arm_.scores.size();
  arm_.scores.resize(base + repeats_, kMissing);
  arm_.has_row.resize(base + repeats_, 0);
  arm_.model_error.resize(base + repeats_, 0);
  for (const Row& row : rows) {
    const std::size_t cell = base + static_cast<std::size_t>(row.repeat) - 1;
    if (arm_.has_row[cell] != 0) {
      Note(duplicates_, row);
      continue;
    }
    const RowColumns& columns = *side_.columns[row.log].columns;
    const Outcome outcome = columns.outcome(row.row);
    arm_.has_row[cell] = 1;
    arm_.model_error[cell] = outcome == Outcome::kModelError ? 1 : 0;
    if (outcome == Outcome::kInfraError) continue;
    double score = outcome == Outcome::kPass ? 1 : 0;
    if (!pass_metric_ && outcome != Outcome::kModelError) {
      score = columns.score(row.row, table_.metric);
      if (!std::isfinite(score)) {
        Note(without_metric_, row);
        continue;
      }
      // As counts hold it.
      if (FitsScore(score)) score = ScoreOf(ScoreUnits(score));
    }
    if (score != 0 && score != 1) table_.binary = false;
    arm_.scores[cell] = score;
  }
}

void ArmFiller::Report(std::vector<Finding>& findings) {
  if (!duplicates_.empty()) {
    std::string text = fmt::format("the {} has more than one row for the same case and repeat: {} ({})",
                                   side_.name, Count(duplicates_.size(), "case"), Ids(duplicates_));
    findings.push_back({"duplicate_rows", std::move(text), std::move(duplicates_)});
  }
  if (!without_metric_.empty()) {
    std::string text =
        fmt::format("the {} has rows without a finite score \"{}\": {} ({})", side_.name, table_.metric,
                    Count(without_metric_.size(), "case"), Ids(without_metric_));
    findings.push_back({"metric_missing", std::move(text), std::move(without_metric_)});
  }
}

}  // namespace minslice::pair
