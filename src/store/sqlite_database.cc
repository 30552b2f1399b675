// SQLite behind Database, and nothing else of ours sees it.
#include <fmt/format.h>
#include <sqlite3.h>

#include "io/file_system.h"
#include "store/copy_text.h"
#include "store/database.h"

namespace minslice::store {
namespace {

constexpr int kWaitMs = 60000;

class Statement {
 public:
  Statement() = default;
  ~Statement() { sqlite3_finalize(handle_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  sqlite3_stmt* get() const { return handle_; }
  sqlite3_stmt** slot() { return &handle_; }

 private:
  sqlite3_stmt* handle_ = nullptr;
};

class SqliteDatabase : public Database {
 public:
  explicit SqliteDatabase(std::string file) : file_(std::move(file)) {}
  ~SqliteDatabase() override { sqlite3_close_v2(handle_); }
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  Result<void> Open(bool create) {
    const int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
    if (sqlite3_open_v2(file_.c_str(), &handle_, flags, nullptr) != SQLITE_OK) return Failed();
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, kWaitMs);
    if (const auto read = Query("SELECT count(*) FROM sqlite_master"); !read)
      return tl::unexpected(read.error());
    // Readers and one writer do not wait for each other; where the file system cannot do it, SQLite's older
    // way holds as well. A verdict that was said to be stored is on the disk.
    (void)Query("PRAGMA journal_mode=WAL");
    (void)Query("PRAGMA synchronous=FULL");
    return {};
  }

  Result<std::vector<Row>> Query(const std::string& sql, std::span<const Value> parameters) override {
    Statement statement;
    if (Result<void> ready = Prepare(sql, statement); !ready) return tl::unexpected(ready.error());
    if (!Bind(statement, parameters)) return Failed();
    std::vector<Row> rows;
    for (;;) {
      const int code = sqlite3_step(statement.get());
      if (code == SQLITE_DONE) return rows;
      if (code != SQLITE_ROW) return Failed();
      Row& row = rows.emplace_back();
      for (int c = 0; c < sqlite3_column_count(statement.get()); ++c) row.push_back(Cell(statement, c));
    }
  }

  Result<void> Import(const std::string& table, const std::vector<std::string>& columns,
                      const NextRow& next) override {
    std::string names, places;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      names += (i == 0 ? "" : ", ") + columns[i];
      places += fmt::format("{}${}", i == 0 ? "" : ", ", i + 1);
    }
    Statement statement;
    Result<void> ready =
        Prepare(fmt::format("INSERT INTO {} ({}) VALUES ({})", table, names, places), statement);
    if (!ready) return ready;
    std::vector<Value> row;
    while (next(row)) {
      if (!Bind(statement, row) || sqlite3_step(statement.get()) != SQLITE_DONE) return Failed();
      sqlite3_reset(statement.get());
    }
    return {};
  }

  Result<void> Begin() override { return Done(Query("BEGIN IMMEDIATE", {})); }
  Result<void> Commit() override { return Done(Query("COMMIT", {})); }
  void Rollback() override { (void)Query("ROLLBACK", {}); }

  Result<bool> HasTable(const std::string& name) override {
    const std::vector<Value> names = {Value(name)};
    const auto rows = Query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1", names);
    if (!rows) return tl::unexpected(rows.error());
    return !rows->empty();
  }

  Result<bool> IsForeign() override {
    const auto rows = Query("SELECT 1 FROM sqlite_master LIMIT 1", {});
    if (!rows) return tl::unexpected(rows.error());
    return !rows->empty();
  }

 private:
  Result<std::vector<Row>> Query(const std::string& sql) { return Query(sql, {}); }

  static Result<void> Done(const Result<std::vector<Row>>& rows) {
    if (!rows) return tl::unexpected(rows.error());
    return {};
  }

  Result<void> Prepare(const std::string& sql, Statement& statement) {
    const int code = sqlite3_prepare_v2(handle_, sql.c_str(), -1, statement.slot(), nullptr);
    return code == SQLITE_OK ? Result<void>() : Failed();
  }

  // $n is the n-th parameter in the order in which they first appear: the statements name them in order.
  static bool Bind(const Statement& statement, std::span<const Value> parameters) {
    bool good = true;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const std::string name = "$" + std::to_string(i + 1);
      const int at = sqlite3_bind_parameter_index(statement.get(), name.c_str());
      int code = SQLITE_OK;
      if (const auto* whole = std::get_if<std::int64_t>(&parameters[i])) {
        code = sqlite3_bind_int64(statement.get(), at, *whole);
      } else if (const auto* real = std::get_if<double>(&parameters[i])) {
        code = sqlite3_bind_double(statement.get(), at, *real);
      } else if (const auto* text = std::get_if<std::string>(&parameters[i])) {
        code =
            sqlite3_bind_text64(statement.get(), at, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
      } else {
        code = sqlite3_bind_null(statement.get(), at);
      }
      good = good && code == SQLITE_OK;
    }
    return good;
  }

  static std::optional<std::string> Cell(const Statement& statement, int column) {
    switch (sqlite3_column_type(statement.get(), column)) {
      case SQLITE_NULL:
        return std::nullopt;
      case SQLITE_FLOAT:  // SQLite's own text has 15 digits
        return PlainText(sqlite3_column_double(statement.get(), column));
      default: {
        const void* bytes = sqlite3_column_blob(statement.get(), column);
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement.get(), column));
        return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
      }
    }
  }

  tl::unexpected<Failure> Failed() const {
    const int code = handle_ == nullptr ? SQLITE_NOMEM : sqlite3_errcode(handle_) & 0xff;
    if (code == SQLITE_NOTADB) return FailAt({file_, 0, 0}, "is no SQLite database");
    if (code == SQLITE_CANTOPEN) return FailAt({file_, 0, 0}, "cannot be opened as an SQLite database");
    std::string why = handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_);
    if (code == SQLITE_BUSY) why = "another process has held it for a minute";
    return tl::unexpected(Failure{Failure::Kind::kInternal, {{{file_, 0, 0}, "SQLite: " + why}}});
  }

  std::string file_;
  sqlite3* handle_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<Database>> OpenSqlite(const Address& address, bool create) {
  if (!create && !io::RealFileSystem().Exists(address.file))
    return FailAt({address.file, 0, 0}, "does not exist; gate --store and run --store make it");
  auto database = std::make_unique<SqliteDatabase>(address.file);
  if (Result<void> opened = database->Open(create); !opened) return tl::unexpected(opened.error());
  return database;
}

}  // namespace minslice::store
