// The store's tables (docs/formats/store.md), the same in SQLite and in PostgreSQL.
#ifndef MINSLICE_STORE_TABLES_H_
#define MINSLICE_STORE_TABLES_H_

#include <string>
#include <vector>

#include "minslice/result.h"
#include "store/database.h"

namespace minslice::store {

inline constexpr int kSchemaVersion = 1;

struct Table {
  const char* name;
  std::vector<std::string> columns;  // in the order of the rows that store_rows.h makes
  const char* types;                 // the body of CREATE TABLE
};

const Table& RunsTable();
const Table& RunModelsTable();
const Table& AnswersTable();
const Table& VerdictsTable();
const Table& VerdictInputsTable();
const Table& SlicesTable();

// Makes the tables where there are none (with `create`), and refuses those of a newer version.
Result<void> CheckTables(Database& database, const std::string& shown, bool create);

}  // namespace minslice::store

#endif  // MINSLICE_STORE_TABLES_H_
