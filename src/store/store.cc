#include "store/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "io/sha256.h"
#include "log/log_scan.h"
#include "log/log_summary.h"
#include "store/tables.h"

namespace minslice::store {
namespace {

std::string TextOf(const std::optional<std::string>& cell) { return cell.value_or(""); }
std::int64_t Number(const std::optional<std::string>& cell) { return WholeOf(cell).value_or(0); }

Result<void> Insert(Database& database, const Table& table, const std::vector<Value>& row) {
  bool given = false;
  return database.Import(table.name, table.columns, [&](std::vector<Value>& out) {
    if (given) return false;
    given = true;
    out = row;
    return true;
  });
}

// Rows by number, as `make` gives them.
template <class Make>
Result<void> InsertMany(Database& database, const Table& table, std::size_t n, Make make) {
  std::size_t i = 0;
  return database.Import(table.name, table.columns, [&](std::vector<Value>& out) {
    if (i == n) return false;
    out = make(i++);
    return true;
  });
}

std::vector<StoredSlice> SlicesOf(const std::vector<Row>& rows) {
  std::vector<StoredSlice> slices;
  slices.reserve(rows.size());
  for (const Row& row : rows) {
    StoredSlice& slice = slices.emplace_back();
    slice.verdict_id = TextOf(row[0]);
    slice.dimension = TextOf(row[1]);
    slice.value = TextOf(row[2]);
    slice.role = TextOf(row[3]);
    slice.status = TextOf(row[4]);
    slice.n_pairs = Number(row[5]);
    slice.incumbent_rate = RealOf(row[6]);
    slice.candidate_rate = RealOf(row[7]);
    slice.delta = RealOf(row[8]);
    slice.ci_low = RealOf(row[9]);
    slice.ci_high = RealOf(row[10]);
    slice.broke = Number(row[11]);
    slice.fixed = Number(row[12]);
  }
  return slices;
}

constexpr const char* kSliceColumns =
    "verdict_id, dimension, value, role, status, n_pairs, incumbent_rate, candidate_rate, delta, ci_low, "
    "ci_high, broke, fixed";

}  // namespace

Result<std::unique_ptr<Store>> Store::Open(const Address& address, Mode mode) {
  const bool create = mode == Mode::kWrite;
  Result<std::unique_ptr<Database>> database =
      address.is_sqlite() ? OpenSqlite(address, create) : OpenPostgres(address);
  if (!database) return tl::unexpected(database.error());
  if (Result<void> good = CheckTables(**database, address.shown, create); !good)
    return tl::unexpected(good.error());
  return std::unique_ptr<Store>(new Store(std::move(*database)));
}

Store::~Store() { Rollback(); }

void Store::Rollback() {
  if (begun_) database_->Rollback();
  begun_ = false;
}

Result<void> Store::Begin() {
  Result<void> begun = database_->Begin();
  begun_ = begun.has_value();
  return begun;
}

Result<void> Store::Commit() {
  Result<void> committed = database_->Commit();
  if (committed) begun_ = false;
  return committed;
}

Result<bool> Store::PutLog(const std::string& path) {
  const Result<log::LogSummary> log = log::SummarizeLog(path);
  if (!log) return tl::unexpected(log.error());
  const std::string run_id = RunId(*log);
  const std::vector<Value> key = {Value(run_id)};
  const auto known = database_->Query(
      "SELECT log_rows, finished, ended_at, log_sha256 FROM minslice_runs WHERE run_id = $1", key);
  if (!known) return tl::unexpected(known.error());
  if (!known->empty()) {
    const Row& row = known->front();
    const auto there = std::tuple(Number(row[0]), Number(row[1]), TextOf(row[2]), TextOf(row[3]));
    const auto here = std::tuple(log->rows, std::int64_t{log->finished ? 1 : 0}, log->ended_at, log->sha256);
    if (here <= there) return false;
  }
  for (const Table* table : {&RunsTable(), &RunModelsTable(), &AnswersTable()}) {
    const auto gone = database_->Query(fmt::format("DELETE FROM {} WHERE run_id = $1", table->name), key);
    if (!gone) return tl::unexpected(gone.error());
  }
  Result<void> done = Insert(*database_, RunsTable(), RunRow(run_id, *log));
  auto model = log->response_models.begin();
  if (done) {
    done = InsertMany(*database_, RunModelsTable(), log->response_models.size(), [&](std::size_t) {
      const auto& [name, rows] = *model++;
      return std::vector<Value>{Text(run_id), Text(name), rows};
    });
  }
  if (done) done = ImportAnswers(run_id, path, log->sha256);
  if (!done) return tl::unexpected(done.error());
  return true;
}

Result<void> Store::ImportAnswers(const std::string& run_id, const std::string& path,
                                  const std::string& sha256) {
  // The log hands out its rows and the database asks for them: a piece of the log is one import.
  std::int64_t position = 0;
  Result<void> done;
  const auto scan = log::ScanLog(path, [&](std::vector<CaseRecord>&& rows) {
    if (!done) return;
    done = InsertMany(*database_, AnswersTable(), rows.size(),
                      [&](std::size_t i) { return AnswerRow(run_id, ++position, rows[i]); });
  });
  if (!scan) return tl::unexpected(scan.error());
  if (done && scan->sha256 != sha256) return FailAt({path, 0, 0}, "changed while it was read");
  return done;
}

Result<bool> Store::PutVerdict(const Verdict& verdict, const std::string& json, const VerdictKeys& keys) {
  const std::string id = io::Sha256Hex(json);
  const std::vector<Value> key = {Value(id)};
  const auto known = database_->Query("SELECT 1 FROM minslice_verdicts WHERE verdict_id = $1", key);
  if (!known) return tl::unexpected(known.error());
  if (!known->empty()) return false;
  const auto last = database_->Query("SELECT coalesce(max(seq), 0) FROM minslice_verdicts");
  if (!last) return tl::unexpected(last.error());
  const std::int64_t seq = Number(last->front().front()) + 1;
  Result<void> done = Insert(*database_, VerdictsTable(), VerdictRowOf(id, seq, verdict, keys, json));
  const auto number = [](std::size_t i) { return static_cast<std::int64_t>(i) + 1; };
  if (done) {
    done = InsertMany(*database_, VerdictInputsTable(), verdict.inputs.size(),
                      [&](std::size_t i) { return InputRow(id, number(i), verdict.inputs[i]); });
  }
  if (done) {
    done = InsertMany(*database_, SlicesTable(), verdict.segments.size(),
                      [&](std::size_t i) { return SliceRow(id, number(i), verdict.segments[i]); });
  }
  if (!done) return tl::unexpected(done.error());
  return true;
}

Result<bool> Store::Empty() {
  const auto rows =
      database_->Query("SELECT 1 FROM minslice_runs UNION ALL SELECT 1 FROM minslice_verdicts LIMIT 1");
  if (!rows) return tl::unexpected(rows.error());
  return rows->empty();
}

Result<std::vector<StoredVerdict>> Store::ReadVerdicts(const char* order) {
  const auto rows = database_->Query(fmt::format(
      "SELECT verdict_id, seq, verdict, exit_code, suite, suite_key, candidate_key, run_hash, incumbent, "
      "candidate, "
      "n_pairs, incumbent_rate, candidate_rate, delta, ci_low, ci_high, status, reason, "
      "coalesce((SELECT max(r.started_at) FROM minslice_verdict_inputs i JOIN minslice_runs r "
      "ON r.log_sha256 = i.sha256 WHERE i.verdict_id = v.verdict_id AND i.side = 'candidate'), '') AS ran_at "
      "FROM minslice_verdicts v ORDER BY {}",
      order));
  if (!rows) return tl::unexpected(rows.error());
  std::vector<StoredVerdict> verdicts;
  verdicts.reserve(rows->size());
  for (const Row& row : *rows) {
    StoredVerdict& verdict = verdicts.emplace_back();
    verdict.id = TextOf(row[0]);
    verdict.seq = Number(row[1]);
    verdict.verdict = TextOf(row[2]);
    verdict.exit_code = Number(row[3]);
    verdict.suite = TextOf(row[4]);
    verdict.suite_key = TextOf(row[5]);
    verdict.candidate_key = TextOf(row[6]);
    verdict.run_hash = TextOf(row[7]);
    verdict.incumbent = TextOf(row[8]);
    verdict.candidate = TextOf(row[9]);
    verdict.n_pairs = Number(row[10]);
    verdict.incumbent_rate = RealOf(row[11]);
    verdict.candidate_rate = RealOf(row[12]);
    verdict.delta = RealOf(row[13]);
    verdict.ci_low = RealOf(row[14]);
    verdict.ci_high = RealOf(row[15]);
    verdict.status = TextOf(row[16]);
    verdict.reason = TextOf(row[17]);
    verdict.date = TextOf(row[18]).substr(0, 10);
  }
  return verdicts;
}

Result<std::vector<StoredVerdict>> Store::VerdictsAsTheyCame() { return ReadVerdicts("seq"); }

Result<std::vector<StoredVerdict>> Store::Verdicts() {
  // Ordered here: the databases' own order of text depends on their settings.
  Result<std::vector<StoredVerdict>> verdicts = VerdictsAsTheyCame();
  if (verdicts) {
    std::stable_sort(verdicts->begin(), verdicts->end(),
                     [](const StoredVerdict& a, const StoredVerdict& b) { return a.date < b.date; });
  }
  return verdicts;
}

Result<std::vector<StoredRun>> Store::Runs() {
  const auto rows = database_->Query(
      "SELECT run_id, log_sha256, suite, target, request_model, started_at, ended_at, shard_index, shard_of, "
      "repeats, log_rows, passed, failed, model_errors, infra_errors, finished, spent_usd FROM "
      "minslice_runs");
  if (!rows) return tl::unexpected(rows.error());
  std::vector<StoredRun> runs;
  runs.reserve(rows->size());
  for (const Row& row : *rows) {
    StoredRun& run = runs.emplace_back();
    run.run_id = TextOf(row[0]);
    run.log_sha256 = TextOf(row[1]);
    run.suite = TextOf(row[2]);
    run.target = TextOf(row[3]);
    run.request_model = TextOf(row[4]);
    run.started_at = TextOf(row[5]);
    run.ended_at = TextOf(row[6]);
    run.shard_index = WholeOf(row[7]);
    run.shard_of = WholeOf(row[8]);
    run.repeats = Number(row[9]);
    run.rows = Number(row[10]);
    run.passed = Number(row[11]);
    run.failed = Number(row[12]);
    run.model_errors = Number(row[13]);
    run.infra_errors = Number(row[14]);
    run.finished = Number(row[15]) != 0;
    run.spent_usd = RealOf(row[16]);
  }
  std::sort(runs.begin(), runs.end(), [](const StoredRun& a, const StoredRun& b) {
    return std::tie(a.started_at, a.target, a.shard_index, a.run_id) <
           std::tie(b.started_at, b.target, b.shard_index, b.run_id);
  });
  return runs;
}

Result<std::vector<StoredSlice>> Store::Slices(const std::string& verdict_id) {
  const std::vector<Value> key = {Text(verdict_id)};
  const auto rows = database_->Query(
      fmt::format("SELECT {} FROM minslice_slices WHERE verdict_id = $1 ORDER BY position", kSliceColumns),
      key);
  if (!rows) return tl::unexpected(rows.error());
  return SlicesOf(*rows);
}

Result<std::vector<StoredSlice>> Store::SlicesNamed(const std::string& dimension, const std::string& value) {
  std::vector<Value> names = {Text(value)};
  std::string where = "value = $1";
  if (!dimension.empty()) {
    names.push_back(Text(dimension));
    where += " AND dimension = $2";
  }
  const auto rows =
      database_->Query(fmt::format("SELECT {} FROM minslice_slices WHERE {}", kSliceColumns, where), names);
  if (!rows) return tl::unexpected(rows.error());
  return SlicesOf(*rows);
}

Result<std::string> Store::VerdictJson(const std::string& verdict_id) {
  const std::vector<Value> key = {Text(verdict_id)};
  const auto rows = database_->Query("SELECT verdict_json FROM minslice_verdicts WHERE verdict_id = $1", key);
  if (!rows) return tl::unexpected(rows.error());
  if (rows->empty() || !rows->front().front()) return Fail("the store holds no verdict " + verdict_id);
  return *rows->front().front();
}

}  // namespace minslice::store
