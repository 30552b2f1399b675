// Two logs compared without a policy: pairing, the aggregate, slices, and a note for everything that was left
// out.
#ifndef MINSLICE_CLI_COMPARE_LOGS_H_
#define MINSLICE_CLI_COMPARE_LOGS_H_

#include <string>
#include <vector>

#include "cli/compare_analysis.h"
#include "cli/compare_render.h"
#include "minslice/record.h"
#include "minslice/result.h"

namespace minslice::cli {

std::vector<Diagnostic> CheckCompareOptions(const CompareOptions& options);

// `by`: names of dimensions. Options checked.
Result<CompareDocument> CompareLogs(const RunLog& incumbent, const RunLog& candidate,
                                    const std::string& metric, const std::vector<std::string>& by,
                                    const CompareOptions& options);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_COMPARE_LOGS_H_
