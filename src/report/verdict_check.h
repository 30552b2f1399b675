// Does a verdict.json agree with itself? A file that was edited by hand, or cut together from two, must not
// be shown as a verdict.
#ifndef MINSLICE_REPORT_VERDICT_CHECK_H_
#define MINSLICE_REPORT_VERDICT_CHECK_H_

#include <string>

#include "io/diagnostics.h"
#include "minslice/verdict.h"

namespace minslice::report {

// Decision against reasons and statuses, exit code against decision and policy, the policy against its hash,
// rates and ids against the counts. Each disagreement names its field.
void CheckVerdict(const Verdict& verdict, const std::string& path, io::Diagnostics& diagnostics);

}  // namespace minslice::report

#endif  // MINSLICE_REPORT_VERDICT_CHECK_H_
