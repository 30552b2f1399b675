// What a verdict says of its evidence, in verdict.json: the runs, who answered, flaky cases, the metrics
// beside the primary one, and what earlier runs and people have to do with it.
#ifndef MINSLICE_REPORT_EVIDENCE_JSON_H_
#define MINSLICE_REPORT_EVIDENCE_JSON_H_

#include <optional>

#include "minslice/verdict.h"
#include "report/json_fields.h"

namespace minslice::report {

Json NondeterminismJson(const std::optional<VerdictNondeterminism>& noise);
void ReadNondeterminism(const Reader& reader, std::optional<VerdictNondeterminism>& noise);

Json DriftJson(const VerdictDrift& drift);
void ReadDrift(const Reader& reader, VerdictDrift& drift);

// flaky, metrics, anchor, ledger, holds, reviews.
void PutEvidence(const Verdict& verdict, Json& json);
void ReadEvidence(const Reader& reader, Verdict& verdict);

}  // namespace minslice::report

#endif  // MINSLICE_REPORT_EVIDENCE_JSON_H_
