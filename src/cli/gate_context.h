// What gate reads beside policy and logs (the anchor's log, the ledger, reviews), and the ledger's new line.
#ifndef MINSLICE_CLI_GATE_CONTEXT_H_
#define MINSLICE_CLI_GATE_CONTEXT_H_

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/session.h"
#include "gate/gate.h"
#include "io/file_system.h"
#include "minslice/policy.h"
#include "minslice/record.h"
#include "minslice/verdict.h"
#include "pair/pair.h"

namespace minslice::cli {

// A ledger that is no file. Between Lock and Append or Unlock no other gate adds to it.
class SharedLedger {
 public:
  virtual ~SharedLedger() = default;
  virtual Result<void> Lock() = 0;
  virtual void Unlock() = 0;
  virtual Result<std::vector<gate::LedgerLine>> Lines() = 0;
  virtual Result<void> Append(const Verdict& verdict) = 0;
};

struct GateContext {
  std::vector<RunLog> anchor;
  gate::Context context;                   // refers to `anchor`
  std::string ledger_path;                 // empty: the policy names no file
  std::unique_ptr<io::AppendFile> ledger;  // locked from the decision until its line is written
  std::unique_ptr<SharedLedger> shared;    // instead, set by the caller where the policy names no file
};

// false where something cannot be read; said by then.
bool LoadContext(const Policy& policy, Session& session, GateContext& context);

// The verdict, with the ledger locked in the state that it speaks of.
std::optional<Verdict> DecideWithLedger(const Policy& policy, const pair::PairResult& paired,
                                        std::span<const RunLog> incumbent, std::span<const RunLog> candidate,
                                        Session& session, GateContext& context);

// After the reports are written; false where it failed, so that no verdict stands without its line.
bool AppendToLedger(const Verdict& verdict, std::span<const RunLog> candidate, Session& session,
                    GateContext& context);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_GATE_CONTEXT_H_
