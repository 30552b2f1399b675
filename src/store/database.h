// What the store needs of a database: statements with $1, $2, ..., rows as text, quick import of many rows,
// transactions that writers take one after the other. The same SQL goes to SQLite and to PostgreSQL.
#ifndef MINSLICE_STORE_DATABASE_H_
#define MINSLICE_STORE_DATABASE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "minslice/result.h"
#include "store/address.h"

namespace minslice::store {

using Value = std::variant<std::monostate, std::int64_t, double, std::string>;
using Row = std::vector<std::optional<std::string>>;

// Text for a column: well-formed UTF-8 without U+0000, which PostgreSQL cannot hold.
Value Text(const std::string& text);
Value TextOrNull(const std::optional<std::string>& text);
Value Real(const std::optional<double>& value);  // not a number, infinite: null
Value Whole(const std::optional<std::int64_t>& value);

std::optional<std::int64_t> WholeOf(const std::optional<std::string>& cell);
std::optional<double> RealOf(const std::optional<std::string>& cell);

class Database {
 public:
  virtual ~Database() = default;

  virtual Result<std::vector<Row>> Query(const std::string& sql, std::span<const Value> parameters = {}) = 0;

  // Hands out the rows to import, one after the other; false at the end.
  using NextRow = std::function<bool(std::vector<Value>& row)>;
  // By one prepared statement, or by COPY; within a transaction.
  virtual Result<void> Import(const std::string& table, const std::vector<std::string>& columns,
                              const NextRow& next) = 0;

  // Only one writer has begun at a time; others wait for it, a minute at most.
  virtual Result<void> Begin() = 0;
  virtual Result<void> Commit() = 0;
  virtual void Rollback() = 0;

  virtual Result<bool> HasTable(const std::string& name) = 0;
  // A database that others have made for something else.
  virtual Result<bool> IsForeign() = 0;
};

// `create`: a file that is not there is made. SQLite's file is one for all users of one machine.
Result<std::unique_ptr<Database>> OpenSqlite(const Address& address, bool create);
Result<std::unique_ptr<Database>> OpenPostgres(const Address& address);

}  // namespace minslice::store

#endif  // MINSLICE_STORE_DATABASE_H_
