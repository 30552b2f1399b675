// What makes logs unfit for any verdict, and who answered in them.
#ifndef MINSLICE_GATE_INTEGRITY_H_
#define MINSLICE_GATE_INTEGRITY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gate/rules.h"
#include "minslice/paired_table.h"
#include "minslice/policy.h"
#include "minslice/record.h"
#include "minslice/verdict.h"

namespace minslice::gate {

VerdictReason InvalidReason(std::string code, std::string text, std::string dimension = "",
                            std::string value = "");

bool AnyMissing(const PairedTable& table);
// The cap of each side and of each gated slice; and whether what is missing depends on the side.
void CheckMissing(const Policy& policy, const PairedTable& table, const Outcome& outcome,
                  std::vector<VerdictReason>& reasons);

struct Answered {
  std::map<std::string, std::int64_t> by_model;  // rows that came back, by the model that answered
  std::int64_t unknown = 0;                      // rows that came back and do not say
  std::int64_t rows = 0, cached = 0;             // graded, and of them out of a cache
};
Answered WhoAnswered(std::span<const RunLog> logs);
VerdictArm ArmOf(std::span<const RunLog> logs, int repeats, const Answered& answered);

std::optional<VerdictRepeats> RepeatsOf(const PairedArm& arm, std::size_t n_cases);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_INTEGRITY_H_
