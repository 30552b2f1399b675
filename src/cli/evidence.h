// The rows behind a verdict: found by hash in the logs that it names, with the questions of the suite where
// that is at hand.
#ifndef MINSLICE_CLI_EVIDENCE_H_
#define MINSLICE_CLI_EVIDENCE_H_

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "minslice/record.h"
#include "minslice/result.h"
#include "minslice/verdict.h"

namespace minslice::cli {

struct CaseEvidence {
  std::vector<CaseRecord> incumbent, candidate;  // by repeat
  std::string prompt;    // the messages, one "role: content" after another; empty: no suite at hand
  std::string expected;  // JSON
};

struct Evidence {
  std::unordered_map<std::string, CaseEvidence> cases;  // by case id
  std::vector<std::string> absent;                      // sentences on logs that are not to be found
};

struct EvidenceOptions {
  std::string verdict_path;  // a log may have moved with the verdict: it is looked for beside it too
  std::string suite = {};    // suite.yaml; the log itself holds only the hash of a prompt
  // Where the logs of a side are now; empty: where the verdict names them, or beside it.
  std::vector<std::string> incumbent = {}, candidate = {};
  bool logs_may_be_absent = false;  // else an absent log is a failure; one of another hash always is
};

Result<Verdict> ReadVerdict(const std::string& path);

// The prompts that changed, and those that prompts.csv lists besides: without an answer on one side.
std::set<std::string> ChangedIds(const Verdict& verdict);
std::set<std::string> ListedIds(const Verdict& verdict);
// prompts.csv of the rows of ListedIds.
std::string PromptsCsvOf(const Verdict& verdict, const Evidence& evidence);

// Every problem at once. Another suite's question beside these logs' answers is refused.
Result<Evidence> ReadEvidence(const Verdict& verdict, const std::set<std::string>& case_ids,
                              const EvidenceOptions& options);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_EVIDENCE_H_
