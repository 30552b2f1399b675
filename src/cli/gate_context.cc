#include "cli/gate_context.h"

#include <chrono>
#include <thread>
#include <utility>

#include "cli/open_log_argument.h"
#include "gate/policy_blocks.h"
#include "io/folder.h"

namespace minslice::cli {
namespace {

constexpr int kMostTries = 100;  // a tenth of a second each

Result<std::vector<gate::LedgerLine>> ReadLedger(const std::string& path) {
  io::FileSystem& files = io::RealFileSystem();
  if (!files.Exists(path)) return std::vector<gate::LedgerLine>();
  const Result<std::string> text = files.ReadFile(path);
  if (!text) return tl::unexpected(text.error());
  return gate::ParseLedger(*text, path);
}

// Locked against other gates; waits for one that is writing.
Result<std::unique_ptr<io::AppendFile>> LockLedger(const std::string& path) {
  io::FileSystem& files = io::RealFileSystem();
  if (Result<void> made = files.MakeDirectories(io::FolderOf(path)); !made)
    return tl::unexpected(made.error());
  Result<std::unique_ptr<io::AppendFile>> file = tl::unexpected(Failure{});
  for (int i = 0; i < kMostTries; ++i) {
    file = files.OpenAppend(path, files.Exists(path) ? io::AppendMode::kContinue : io::AppendMode::kCreate);
    const bool busy = !file && !file.error().diagnostics.empty() &&
                      file.error().diagnostics.front().message.find("another process") != std::string::npos;
    if (!busy) return file;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return file;
}

// Holds the ledger against other gates until the verdict's line is in it or this goes away.
Result<void> Lock(GateContext& context) {
  if (context.shared) return context.shared->Lock();
  Result<std::unique_ptr<io::AppendFile>> locked = LockLedger(context.ledger_path);
  if (!locked) return tl::unexpected(locked.error());
  context.ledger = std::move(*locked);
  return {};
}

void Unlock(GateContext& context) {
  if (context.shared) context.shared->Unlock();
  context.ledger.reset();
}

Result<std::vector<gate::LedgerLine>> Lines(GateContext& context) {
  return context.shared ? context.shared->Lines() : ReadLedger(context.ledger_path);
}

bool LoadReviews(const std::string& path, Session& session, gate::Reviews& reviews) {
  reviews.path = path;
  reviews.folder = io::IsFolder(path);
  std::vector<std::string> names{path};
  if (reviews.folder) {
    Result<std::vector<std::string>> listed = io::FilesIn(path);
    if (!listed) {
      session.Report(listed.error());
      return false;
    }
    names.clear();
    for (const std::string& name : *listed) {
      if (name.ends_with(".yaml") || name.ends_with(".yml")) names.push_back(io::JoinPath(path, name));
    }
  } else if (!io::RealFileSystem().Exists(path)) {
    return true;  // nothing is signed yet
  }
  bool good = true;
  for (const std::string& name : names) {
    const Result<std::string> text = io::RealFileSystem().ReadFile(name);
    Result<gate::ReviewFile> review =
        text ? gate::ParseReview(*text, name) : Result<gate::ReviewFile>(tl::unexpected(text.error()));
    if (review) {
      reviews.files.push_back(std::move(*review));
    } else {
      session.Report(review.error());
      good = false;
    }
  }
  return good;
}

}  // namespace

bool LoadContext(const Policy& policy, Session& session, GateContext& context) {
  bool good = true;
  if (policy.anchor) {
    good = ReadLogs({gate::PathOf(policy, policy.anchor->run)}, context.anchor, session);
    context.context.anchor = context.anchor;
  }
  if (policy.ledger && !policy.ledger->path.empty())
    context.ledger_path = gate::PathOf(policy, policy.ledger->path);
  if (context.shared || !context.ledger_path.empty()) {
    Result<std::vector<gate::LedgerLine>> lines = Lines(context);
    if (lines) {
      context.context.ledger = std::move(*lines);
    } else {
      session.Report(lines.error());
      good = false;
    }
  }
  if (!policy.review_file.empty())
    good = LoadReviews(gate::PathOf(policy, policy.review_file), session, context.context.reviews) && good;
  return good;
}

std::optional<Verdict> DecideWithLedger(const Policy& policy, const pair::PairResult& paired,
                                        std::span<const RunLog> incumbent, std::span<const RunLog> candidate,
                                        Session& session, GateContext& context) {
  // The ledger is locked once the decision is made; where another gate wrote a line meanwhile, the decision
  // is made again in the new state.
  for (;;) {
    Verdict verdict = gate::Decide(policy, paired, incumbent, candidate, context.context);
    if (context.ledger_path.empty() && !context.shared) return verdict;
    const Result<void> locked = Lock(context);
    Result<std::vector<gate::LedgerLine>> lines =
        locked ? Lines(context) : Result<std::vector<gate::LedgerLine>>(tl::unexpected(locked.error()));
    if (!lines) {
      session.Report(lines.error());
      return std::nullopt;
    }
    const VerdictLedger now = gate::ReadState(*lines, candidate, policy.ledger->candidates);
    if (verdict.ledger && now.state_sha256 == verdict.ledger->state_sha256) return verdict;
    Unlock(context);
    context.context.ledger = std::move(*lines);
  }
}

bool AppendToLedger(const Verdict& verdict, std::span<const RunLog> candidate, Session& session,
                    GateContext& context) {
  if (context.shared) {
    const Result<void> written = context.shared->Append(verdict);
    if (!written) session.Report(written.error());
    return written.has_value();
  }
  if (!context.ledger) return true;
  // An editor may have left the last line without its end: the verdict's must not become a part of it.
  const Result<std::string> before = io::RealFileSystem().ReadFile(context.ledger_path);
  const bool open_line = before && !before->empty() && before->back() != '\n';
  Result<void> written =
      context.ledger->Append((open_line ? "\n" : "") + gate::LedgerText(verdict, candidate));
  if (written) written = context.ledger->Sync();
  if (!written) session.Report(written.error());
  context.ledger.reset();
  return written.has_value();
}

}  // namespace minslice::cli
