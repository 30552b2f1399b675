// The sentences of a verdict about its evidence: holds and reviews, metrics beside the primary one, anchor,
// ledger, flaky cases.
#ifndef MINSLICE_REPORT_EVIDENCE_FACTS_H_
#define MINSLICE_REPORT_EVIDENCE_FACTS_H_

#include <vector>

#include "minslice/verdict.h"
#include "report/format.h"

namespace minslice::report {

// Unescaped, as Facts.
void AddEvidenceFacts(const Verdict& verdict, std::vector<Fact>& facts);

}  // namespace minslice::report

#endif  // MINSLICE_REPORT_EVIDENCE_FACTS_H_
