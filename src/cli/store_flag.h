// --store of gate, run and history.
#ifndef MINSLICE_CLI_STORE_FLAG_H_
#define MINSLICE_CLI_STORE_FLAG_H_

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "cli/gate_context.h"
#include "cli/session.h"
#include "minslice/result.h"
#include "minslice/verdict.h"
#include "store/store.h"

namespace minslice::cli {

CLI::Option* AddStoreFlag(CLI::App& command, std::string& text, const std::string& description);

// ${NAME} is read from the environment.
Result<store::Address> ReadStoreFlag(const std::string& text);

store::VerdictKeys KeysFor(const Verdict& verdict);
// The verdicts of a store as a ledger: in the order in which they came.
Result<std::unique_ptr<SharedLedger>> OpenStoredLedger(const store::Address& address);

// Logs and, where there is one, the verdict. A failure is said on err and changes no exit code: what was
// measured and decided stands, and the evidence can be brought into the store later.
void RecordInStore(const store::Address& address, const std::vector<std::string>& logs,
                   const Verdict* verdict, Session& session);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_STORE_FLAG_H_
