// The usage block of verdict.json (docs/formats/verdict.md), written and read.
#ifndef MINSLICE_REPORT_USAGE_JSON_H_
#define MINSLICE_REPORT_USAGE_JSON_H_

#include "minslice/usage.h"
#include "report/json_fields.h"

namespace minslice::report {

Json UsageJson(const SideUsage& usage);
void ReadUsage(const Reader& reader, SideUsage& usage);

}  // namespace minslice::report

#endif  // MINSLICE_REPORT_USAGE_JSON_H_
