// From the rules' figures to the rows of a verdict, each with what it could see and what it would take.
#ifndef MINSLICE_GATE_VERDICT_ROWS_H_
#define MINSLICE_GATE_VERDICT_ROWS_H_

#include "gate/pairs_needed.h"
#include "gate/rules.h"
#include "minslice/policy.h"
#include "minslice/verdict.h"

namespace minslice::gate {

VerdictRow AggregateRow(const Policy& policy, const Analysis& analysis);
VerdictSegment SegmentRow(const Policy& policy, const Outcome& outcome, const Slice& slice,
                          DetectableDifferences& detectable);
VerdictFamily FamilyRow(const Policy& policy, const Outcome& outcome, const Family& family);
VerdictPlanning PlanningOf(const Policy& policy, const Analysis& aggregate);

// By dimension, then by status from the gravest, then by delta from the worst.
void SortSegments(std::vector<VerdictSegment>& segments);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_VERDICT_ROWS_H_
