// Sentences about many slices at once: the traffic's delta, families, and what is worth a look first.
#ifndef MINSLICE_REPORT_SLICE_FACTS_H_
#define MINSLICE_REPORT_SLICE_FACTS_H_

#include <vector>

#include "minslice/verdict.h"
#include "report/format.h"

namespace minslice::report {

// Unescaped, as Facts().
std::vector<Fact> SliceFacts(const Verdict& verdict);

}  // namespace minslice::report

#endif  // MINSLICE_REPORT_SLICE_FACTS_H_
