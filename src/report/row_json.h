// A row of verdict.json (docs/formats/verdict.md), written and read.
#ifndef MINSLICE_REPORT_ROW_JSON_H_
#define MINSLICE_REPORT_ROW_JSON_H_

#include "minslice/verdict.h"
#include "report/json_fields.h"

namespace minslice::report {

void PutRow(const VerdictRow& row, Json& json);
void ReadRow(const Reader& reader, VerdictRow& row);

}  // namespace minslice::report

#endif  // MINSLICE_REPORT_ROW_JSON_H_
