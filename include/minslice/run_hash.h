// What names a gate run: the policy (with the files that it names) and the logs, each by its SHA-256, the
// anchor's log and the state of the ledger. A review signs the hash of this text; a reader of verdict.json
// holds it against the file.
#ifndef MINSLICE_RUN_HASH_H_
#define MINSLICE_RUN_HASH_H_

#include <string>

#include "minslice/evidence_id.h"
#include "minslice/verdict.h"
#include "minslice/version.h"

namespace minslice {

// `anchor_sha256`: of the anchor's log; empty: none was given.
inline std::string RunHashText(const Verdict& verdict, const std::string& anchor_sha256) {
  std::string text =
      "minslice verdict " + std::to_string(kVerdictVersion) + "\npolicy " + verdict.policy_sha256 + "\n";
  for (const VerdictInput& input : verdict.inputs)
    text += input.side + " " + EvidenceId(input.sha256, input.path) + "\n";
  if (!anchor_sha256.empty()) text += "anchor " + anchor_sha256 + "\n";
  if (verdict.ledger) text += "ledger " + verdict.ledger->state_sha256 + "\n";
  return text;
}

}  // namespace minslice

#endif  // MINSLICE_RUN_HASH_H_
