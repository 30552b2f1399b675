// Why a run ends before everything is asked, in words.
#ifndef MINSLICE_RUN_ENDINGS_H_
#define MINSLICE_RUN_ENDINGS_H_

#include <string>

#include "run/answer.h"
#include "run/runner.h"

namespace minslice::run {

// `reason` of a stop record.
const char* StopReason(End end);
// Of an answer after which no request will be taken: one sentence that names gateway and model.
std::string Refusal(const RunOptions& options, const Answer& answer);

}  // namespace minslice::run

#endif  // MINSLICE_RUN_ENDINGS_H_
