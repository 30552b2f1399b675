// Cases whose mean changed, but by half or less: with several runs a case, or grades, most of what changes is
// no whole pass and would stand in no list.
#ifndef MINSLICE_GATE_PARTIAL_H_
#define MINSLICE_GATE_PARTIAL_H_

#include <optional>

#include "minslice/paired_table.h"
#include "minslice/verdict.h"

namespace minslice::gate {

// nullopt where cases ran once and are scored 0 or 1: nothing is partial there.
std::optional<VerdictPartial> ListPartial(const PairedTable& table);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_PARTIAL_H_
