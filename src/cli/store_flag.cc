#include "cli/store_flag.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "gate/ledger.h"
#include "report/escape.h"
#include "report/report.h"
#include "suite/suite.h"

namespace minslice::cli {
namespace {

// Each piece of evidence is a transaction of its own: a gate beside this one waits for no long log but one.
Result<void> Record(const store::Address& address, const std::vector<std::string>& logs,
                    const Verdict* verdict) {
  const auto opened = store::Store::Open(address, store::Store::Mode::kWrite);
  if (!opened) return tl::unexpected(opened.error());
  store::Store& store = **opened;
  for (const std::string& log : logs) {
    // A pipe is read once, and other tools' logs (FORMAT:FILE) are no logs of ours before they are imported.
    std::error_code error;
    if (!std::filesystem::is_regular_file(log, error)) continue;
    Result<void> done = store.Begin();
    const Result<bool> put = done ? store.PutLog(log) : tl::unexpected(done.error());
    done = put ? store.Commit() : tl::unexpected(put.error());
    if (!done) return done;
  }
  if (verdict == nullptr) return {};
  Result<void> done = store.Begin();
  const Result<bool> put = done ? store.PutVerdict(*verdict, report::VerdictJson(*verdict), KeysFor(*verdict))
                                : tl::unexpected(done.error());
  return put ? store.Commit() : tl::unexpected(put.error());
}

class StoredLedger : public SharedLedger {
 public:
  explicit StoredLedger(std::unique_ptr<store::Store> store) : store_(std::move(store)) {}

  Result<void> Lock() override { return store_->Begin(); }
  void Unlock() override { store_->Rollback(); }

  Result<std::vector<gate::LedgerLine>> Lines() override {
    const auto verdicts = store_->VerdictsAsTheyCame();
    if (!verdicts) return tl::unexpected(verdicts.error());
    std::vector<gate::LedgerLine> lines;
    lines.reserve(verdicts->size());
    for (const store::StoredVerdict& verdict : *verdicts) {
      lines.push_back({verdict.suite_key, verdict.candidate_key, verdict.run_hash, verdict.candidate,
                       verdict.verdict, verdict.date});
    }
    return lines;
  }

  Result<void> Append(const Verdict& verdict) override {
    const Result<bool> put = store_->PutVerdict(verdict, report::VerdictJson(verdict), KeysFor(verdict));
    return put ? store_->Commit() : tl::unexpected(put.error());
  }

 private:
  std::unique_ptr<store::Store> store_;
};

}  // namespace

CLI::Option* AddStoreFlag(CLI::App& command, std::string& text, const std::string& description) {
  return command.add_option("--store", text, description)->type_name("STORE");
}

Result<store::Address> ReadStoreFlag(const std::string& text) {
  return store::ReadAddress(text, [](const std::string& part, const std::string& what) {
    return suite::ExpandEnvironment(part, {}, what);
  });
}

store::VerdictKeys KeysFor(const Verdict& verdict) {
  const gate::LedgerKeys keys = gate::KeysOf(verdict);
  return {keys.suite, keys.candidate};
}

Result<std::unique_ptr<SharedLedger>> OpenStoredLedger(const store::Address& address) {
  Result<std::unique_ptr<store::Store>> store = store::Store::Open(address, store::Store::Mode::kWrite);
  if (!store) return tl::unexpected(store.error());
  return std::make_unique<StoredLedger>(std::move(*store));
}

void RecordInStore(const store::Address& address, const std::vector<std::string>& logs,
                   const Verdict* verdict, Session& session) {
  const Result<void> done = Record(address, logs, verdict);
  if (done) return;
  for (const Diagnostic& diagnostic : done.error().diagnostics)
    session.err << "minslice: store: " << report::EscapeTerminal(diagnostic.ToString()) << '\n';
  session.err << "minslice: not stored; " << (verdict == nullptr ? "the logs stand" : "the verdict stands")
              << ". minslice history --store STORE --import LOG VERDICT... adds them\n";
}

}  // namespace minslice::cli
