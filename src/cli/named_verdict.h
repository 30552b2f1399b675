// A verdict on counts names no cases: the logs that were counted do.
#ifndef MINSLICE_CLI_NAMED_VERDICT_H_
#define MINSLICE_CLI_NAMED_VERDICT_H_

#include <string>

#include "minslice/result.h"
#include "minslice/verdict.h"

namespace minslice::cli {

// Whether the inputs of the verdict are counts that are where it names them, or beside it.
bool OnCounts(const Verdict& verdict, const std::string& verdict_path);

// The verdict again from the logs that its counts name, each found where they say or beside them and known by
// its SHA-256. A failure where a log, the counts or the policy is absent or another one.
Result<Verdict> NameCases(const Verdict& verdict, const std::string& verdict_path);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_NAMED_VERDICT_H_
