#include "report/row_json.h"

namespace minslice::report {
namespace {

// Row is VerdictRow to be read or const VerdictRow to be written.
template <class Row, class Visit>
void RowFields(Row& row, const Visit& visit) {
  visit("n_pairs", row.n_pairs);
  visit("n_both", row.n_both);
  visit("n_incumbent_only", row.n_incumbent_only);
  visit("n_candidate_only", row.n_candidate_only);
  visit("n_neither", row.n_neither);
  visit("n_clusters", row.n_clusters);
  visit("incumbent_rate", row.incumbent_rate);
  visit("candidate_rate", row.candidate_rate);
  visit("delta", row.delta);
  visit("ci_low", row.ci_low);
  visit("ci_high", row.ci_high);
  visit("level", row.level);
  visit("method", row.method);
  visit("p_value", row.p_value);
  visit("p_harm", row.p_harm);
  visit("p_adjusted", row.p_adjusted);
  visit("discordance_rate", row.discordance_rate);
  visit("mde", row.mde);
  visit("resolvable_margin", row.resolvable_margin);
  visit("resolution_ratio", row.resolution_ratio);
  visit("testable", row.testable);
  visit("min_attainable_p", row.min_attainable_p);
  visit("margin", row.margin);
  visit("lower_bound", row.lower_bound);
  visit("non_inferior", row.non_inferior);
  visit.Pair("incumbent_ci", row.incumbent_low, row.incumbent_high);
  visit.Pair("candidate_ci", row.candidate_low, row.candidate_high);
  visit("status", row.status);
  visit("warnings", row.warnings);
}

}  // namespace

void PutRow(const VerdictRow& row, Json& json) { RowFields(row, FieldWriter(json)); }

void ReadRow(const Reader& reader, VerdictRow& row) {
  reader.Require("n_pairs");
  reader.Require("status");
  RowFields(row, FieldReader(reader));
}

}  // namespace minslice::report
