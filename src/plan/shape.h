// What planning knows of a suite: how many cases lie in which slices.
#ifndef MINSLICE_PLAN_SHAPE_H_
#define MINSLICE_PLAN_SHAPE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gate/rules.h"
#include "minslice/case.h"
#include "minslice/paired_table.h"
#include "minslice/plan.h"
#include "minslice/policy.h"
#include "minslice/record.h"
#include "minslice/stats/counts.h"

namespace minslice::plan {

// Cases that lie in the same slice of every dimension: they are drawn together.
struct ShapeCell {
  std::int64_t n = 0;
  std::vector<std::uint32_t> value;      // by dimension; kNoValue where the cases carry none
  std::optional<double> incumbent_rate;  // where a log says it
};
struct ShapeDimension {
  std::string name;
  std::vector<std::string> values;
};
struct SuiteShape {
  std::string suite;
  std::int64_t n = 0;
  std::int64_t clusters = 0;  // 0: no two cases share one
  double cluster_size = 1;    // sum of squared cluster sizes over n: what a design effect takes (Kish 1965)
  std::vector<ShapeDimension> dimensions;
  std::vector<ShapeCell> cells;  // ascending by value
  // Where cases share clusters: the cell and the cluster (kNoValue: one of its own) of each.
  std::vector<std::uint32_t> cell_of_case, cluster_of_case;
};

SuiteShape ShapeOfCases(const std::string& suite, std::span<const Case> cases);
// The cases that the logs grade in some repeat, with the pass rate of each cell.
SuiteShape ShapeOfLogs(std::span<const RunLog> logs);
// One dimension with slices of the given sizes.
SuiteShape ShapeOfSizes(const std::string& dimension,
                        std::span<const std::pair<std::string, std::int64_t>> sizes);

// The clusters that the policy makes of a dimension (pairing.cluster), in place of the cases' own.
SuiteShape ClusterShape(const Policy& policy, SuiteShape shape);

// The shape with the policy's own dimensions, bins and crosses, in place of what the cases carry.
SuiteShape CutShape(const SegmentPolicy& policy, SuiteShape shape);

// The rules' input with the carried cases of every slice and counts of nothing but passes: what the rules
// make of the slices (gated, under the floor, pooled, required) without any outcome.
gate::RuleInput InputOf(const Policy& policy, const SuiteShape& shape);

PlanPsi GivenPsi(double psi);
PlanPsi DefaultPsi();
// From an earlier pair of runs: the rate with its 80 % Wilson bounds, one-sided each.
// Over the complete pairs of both sides' logs; where a side ran a case several times, of one run a side.
// nullopt without a complete pair.
std::optional<PlanPsi> PsiOfTable(const PairedTable& table);
// From the repeats of one arm: 2 p (1 - p) over its cases. Two different models disagree more, so this is a
// floor. nullopt with one repeat. It is the `noise` of a plan, too.
std::optional<PlanPsi> PsiOfRepeats(std::span<const double> scores, int repeats);

}  // namespace minslice::plan

#endif  // MINSLICE_PLAN_SHAPE_H_
