#include "store/tables.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace minslice::store {
namespace {

// "name TYPE ..., name TYPE ..." -> the names; a part that begins with an upper-case letter is a constraint.
std::vector<std::string> ColumnNames(std::string_view types) {
  std::vector<std::string> names;
  int depth = 0;
  bool at_start = true;
  for (std::size_t i = 0; i < types.size(); ++i) {
    const char c = types[i];
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c == ',' && depth == 0) {
      at_start = true;
    } else if (at_start && c != ' ' && c != '\n') {
      at_start = false;
      const std::string_view name = types.substr(i, types.find(' ', i) - i);
      if (name.front() >= 'a') names.emplace_back(name);
    }
  }
  return names;
}

Table Make(const char* name, const char* types) { return {name, ColumnNames(types), types}; }

constexpr std::array<const char*, 5> kIndexes = {
    "CREATE INDEX minslice_runs_log ON minslice_runs (log_sha256)",
    "CREATE INDEX minslice_verdicts_suite ON minslice_verdicts (suite)",
    "CREATE INDEX minslice_inputs_log ON minslice_verdict_inputs (sha256)",
    "CREATE INDEX minslice_slices_name ON minslice_slices (dimension, value)",
    "CREATE INDEX minslice_answers_case ON minslice_answers (case_id)",
};

constexpr const char* kStoreTable = "minslice_store";

Result<void> CreateTables(Database& database) {
  std::vector<std::string> statements = {
      fmt::format("CREATE TABLE {} (schema_version BIGINT NOT NULL)", kStoreTable),
      fmt::format("INSERT INTO {} (schema_version) VALUES ({})", kStoreTable, kSchemaVersion)};
  for (const Table* table : {&RunsTable(), &RunModelsTable(), &AnswersTable(), &VerdictsTable(),
                             &VerdictInputsTable(), &SlicesTable()})
    statements.push_back(fmt::format("CREATE TABLE {} ({})", table->name, table->types));
  statements.insert(statements.end(), kIndexes.begin(), kIndexes.end());
  for (const std::string& statement : statements) {
    if (const auto done = database.Query(statement); !done) return tl::unexpected(done.error());
  }
  return {};
}

// One of several that begin at once makes the tables, the others find them.
Result<void> CreateOnce(Database& database, const std::string& shown) {
  if (Result<void> begun = database.Begin(); !begun) return begun;
  const Result<bool> there = database.HasTable(kStoreTable);
  Result<void> made = there ? Result<void>() : tl::unexpected(there.error());
  if (there && !*there) {
    const Result<bool> foreign = database.IsForeign();
    if (!foreign) {
      made = tl::unexpected(foreign.error());
    } else if (*foreign) {
      made = FailAt({shown, 0, 0}, "is a database of something else; nothing was written");
    } else {
      made = CreateTables(database);
    }
  }
  if (made) made = database.Commit();
  if (!made) database.Rollback();
  return made;
}

}  // namespace

const Table& RunsTable() {
  static const Table table = Make(
      "minslice_runs",
      "run_id TEXT PRIMARY KEY, log_sha256 TEXT NOT NULL, suite TEXT NOT NULL, suite_sha256 TEXT, "
      "target TEXT NOT NULL, request_model TEXT NOT NULL, request_sha256 TEXT NOT NULL, gateway TEXT NOT "
      "NULL, "
      "imported_from TEXT NOT NULL, repeats BIGINT NOT NULL, cases BIGINT, suite_cases BIGINT, "
      "shard_index BIGINT, shard_of BIGINT, started_at TEXT NOT NULL, ended_at TEXT NOT NULL, "
      "finished BIGINT NOT NULL, log_rows BIGINT NOT NULL, passed BIGINT NOT NULL, failed BIGINT NOT NULL, "
      "model_errors BIGINT NOT NULL, infra_errors BIGINT NOT NULL, input_tokens BIGINT NOT NULL, "
      "output_tokens BIGINT NOT NULL, spent_usd DOUBLE PRECISION, minslice TEXT NOT NULL");
  return table;
}

const Table& RunModelsTable() {
  static const Table table = Make("minslice_run_models",
                                  "run_id TEXT NOT NULL, response_model TEXT NOT NULL, log_rows BIGINT NOT "
                                  "NULL, PRIMARY KEY (run_id, response_model)");
  return table;
}

const Table& AnswersTable() {
  static const Table table =
      Make("minslice_answers",
           "run_id TEXT NOT NULL, position BIGINT NOT NULL, case_id TEXT NOT NULL, repeat BIGINT NOT NULL, "
           "outcome TEXT NOT NULL, scores TEXT NOT NULL, segments TEXT NOT NULL, cluster TEXT, "
           "prompt_sha256 TEXT, response_model TEXT, finish_reason TEXT, input_tokens BIGINT, "
           "output_tokens BIGINT, cost_usd DOUBLE PRECISION, latency_ms DOUBLE PRECISION, "
           "attempts BIGINT NOT NULL, error TEXT, PRIMARY KEY (run_id, position)");
  return table;
}

const Table& VerdictsTable() {
  static const Table table = Make(
      "minslice_verdicts",
      "verdict_id TEXT PRIMARY KEY, seq BIGINT NOT NULL, verdict TEXT NOT NULL, exit_code BIGINT NOT NULL, "
      "suite TEXT NOT NULL, suite_key TEXT NOT NULL, candidate_key TEXT NOT NULL, run_hash TEXT NOT NULL, "
      "policy_sha256 TEXT NOT NULL, incumbent TEXT NOT NULL, candidate TEXT NOT NULL, "
      "n_pairs BIGINT NOT NULL, incumbent_rate DOUBLE PRECISION, candidate_rate DOUBLE PRECISION, "
      "delta DOUBLE PRECISION, ci_low DOUBLE PRECISION, ci_high DOUBLE PRECISION, "
      "level DOUBLE PRECISION, method TEXT NOT NULL, p_value DOUBLE PRECISION, status TEXT NOT NULL, "
      "reason TEXT NOT NULL, minslice TEXT NOT NULL, verdict_json TEXT NOT NULL");
  return table;
}

const Table& VerdictInputsTable() {
  static const Table table =
      Make("minslice_verdict_inputs",
           "verdict_id TEXT NOT NULL, position BIGINT NOT NULL, side TEXT NOT NULL, path TEXT NOT NULL, "
           "sha256 TEXT NOT NULL, suite_sha256 TEXT, PRIMARY KEY (verdict_id, position)");
  return table;
}

const Table& SlicesTable() {
  static const Table table = Make(
      "minslice_slices",
      "verdict_id TEXT NOT NULL, position BIGINT NOT NULL, dimension TEXT NOT NULL, value TEXT NOT NULL, "
      "role TEXT NOT NULL, status TEXT NOT NULL, n_pairs BIGINT NOT NULL, n_both BIGINT, "
      "n_incumbent_only BIGINT, n_candidate_only BIGINT, n_neither BIGINT, "
      "incumbent_rate DOUBLE PRECISION, candidate_rate DOUBLE PRECISION, delta DOUBLE PRECISION, "
      "ci_low DOUBLE PRECISION, ci_high DOUBLE PRECISION, level DOUBLE PRECISION, method TEXT NOT NULL, "
      "p_value DOUBLE PRECISION, p_adjusted DOUBLE PRECISION, mde DOUBLE PRECISION, "
      "broke BIGINT NOT NULL, fixed BIGINT NOT NULL, PRIMARY KEY (verdict_id, position)");
  return table;
}

Result<void> CheckTables(Database& database, const std::string& shown, bool create) {
  const Result<bool> there = database.HasTable(kStoreTable);
  if (!there) return tl::unexpected(there.error());
  if (!*there) {
    if (!create)
      return FailAt({shown, 0, 0}, "holds no minslice store; gate --store and run --store make one");
    if (Result<void> created = CreateOnce(database, shown); !created) return created;
  }
  const auto rows = database.Query(fmt::format("SELECT schema_version FROM {}", kStoreTable));
  if (!rows) return tl::unexpected(rows.error());
  const auto version = rows->size() == 1 ? WholeOf(rows->front().front()) : std::nullopt;
  if (version == kSchemaVersion) return {};
  return FailAt({shown, 0, 0},
                fmt::format("has schema_version {}; this minslice reads {}, and the store was left alone",
                            version ? std::to_string(*version) : "unknown", kSchemaVersion));
}

}  // namespace minslice::store
