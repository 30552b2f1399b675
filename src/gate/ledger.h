// The ledger of a suite (docs/formats/ledger.md): one line a gate, so that trying candidate after candidate
// on the same prompts has its price. Only what stands above the candidate's own first line counts, so that
// gating the same logs again gives the same verdict, whoever has gated since.
#ifndef MINSLICE_GATE_LEDGER_H_
#define MINSLICE_GATE_LEDGER_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "minslice/record.h"
#include "minslice/result.h"
#include "minslice/verdict.h"

namespace minslice::gate {

struct LedgerLine {
  std::string suite_key;      // the suite's sha256, or its name where the logs know no hash
  std::string candidate_key;  // SHA-256 over the candidate's logs
  std::string run_hash, candidate, verdict, date;
};

// By which the ledger tells suites and candidates apart.
struct LedgerKeys {
  std::string suite, candidate;
};
LedgerKeys KeysOf(const Verdict& verdict);

// Every line; another ledger_version or a line that is no line of a ledger is an error and the file is left
// alone.
Result<std::vector<LedgerLine>> ParseLedger(const std::string& text, const std::string& path);

// What the ledger says of this suite before this candidate was first gated on it.
VerdictLedger ReadState(std::span<const LedgerLine> lines, std::span<const RunLog> candidate, int planned);

// The level at which each of n candidates is held so that all together err with at most alpha: 1 - (1 -
// alpha)^(1/n) (Sidak 1967). Given the incumbent's runs the candidates' answers are independent, so the
// chance that none of n is let through wrongly is the mean over those runs of (1 - g)^n, at least (1 - mean
// g)^n by Jensen's inequality, with mean g <= the level: the bound holds though all are compared with the
// same incumbent.
double LevelOfCandidates(double alpha, std::int64_t n);

// The line of this verdict, with its newline.
std::string LedgerText(const Verdict& verdict, std::span<const RunLog> candidate);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_LEDGER_H_
