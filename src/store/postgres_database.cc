// PostgreSQL behind Database.
#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "store/copy_text.h"
#include "store/database.h"
#include "store/libpq.h"

namespace minslice::store {
namespace {

constexpr std::size_t kCopyBytes = std::size_t{1} << 18U;
// Held by the one transaction that writes; the number is "minslice" in ASCII.
constexpr const char* kLock = "SELECT pg_advisory_xact_lock(7883954064707904357)";

constexpr std::string_view kRedacted = "[redacted]";

class Answer {
 public:
  Answer(const Libpq& pq, PGresult* result) : pq_(pq), result_(result) {}
  ~Answer() { pq_.clear(result_); }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  PGresult* get() const { return result_; }
  ExecStatusType status() const { return pq_.result_status(result_); }

 private:
  const Libpq& pq_;
  PGresult* result_;
};

class PostgresDatabase : public Database {
 public:
  PostgresDatabase(const Libpq& pq, const Address& address)
      : pq_(pq), shown_(address.shown), secrets_(address.secrets) {}
  ~PostgresDatabase() override { pq_.finish(connection_); }
  PostgresDatabase(const PostgresDatabase&) = delete;
  PostgresDatabase& operator=(const PostgresDatabase&) = delete;

  Result<void> Connect(const Address& address) {
    // The address's own keywords come later and count.
    std::vector<const char*> keywords = {"application_name", "connect_timeout", "tcp_user_timeout"};
    std::vector<const char*> values = {"minslice", "10", "60000"};
    for (const auto& [keyword, value] : address.options) {
      keywords.push_back(keyword.c_str());
      values.push_back(value.c_str());
    }
    keywords.push_back("client_encoding");
    values.push_back("UTF8");
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    connection_ = pq_.connect(keywords.data(), values.data(), 0);
    if (connection_ == nullptr || pq_.status(connection_) != CONNECTION_OK)
      return Failed(connection_ == nullptr ? "out of memory" : pq_.error_message(connection_));
    pq_.set_notice_processor(connection_, [](void*, const char*) {}, nullptr);
    const auto set = Query("SET lock_timeout = '60s'", {});
    return set ? Result<void>() : tl::unexpected(set.error());
  }

  Result<std::vector<Row>> Query(const std::string& sql, std::span<const Value> parameters) override {
    std::vector<std::string> texts(parameters.size());
    std::vector<const char*> values;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const bool null = std::holds_alternative<std::monostate>(parameters[i]);
      if (!null) texts[i] = PlainText(parameters[i]);
      values.push_back(null ? nullptr : texts[i].c_str());
    }
    const Answer answer(pq_, pq_.exec_params(connection_, sql.c_str(), static_cast<int>(values.size()),
                                             nullptr, values.data(), nullptr, nullptr, 0));
    if (answer.status() != PGRES_TUPLES_OK && answer.status() != PGRES_COMMAND_OK) return Failed(answer);
    std::vector<Row> rows;
    for (int r = 0; r < pq_.rows(answer.get()); ++r) {
      Row& row = rows.emplace_back();
      for (int c = 0; c < pq_.fields(answer.get()); ++c) {
        if (pq_.is_null(answer.get(), r, c) != 0) {
          row.emplace_back();
        } else {
          row.emplace_back(std::string(pq_.value(answer.get(), r, c),
                                       static_cast<std::size_t>(pq_.length(answer.get(), r, c))));
        }
      }
    }
    return rows;
  }

  Result<void> Import(const std::string& table, const std::vector<std::string>& columns,
                      const NextRow& next) override {
    std::string names;
    for (const std::string& column : columns) names += (names.empty() ? "" : ", ") + column;
    {
      const Answer begun(pq_,
                         pq_.exec(connection_, fmt::format("COPY {} ({}) FROM STDIN", table, names).c_str()));
      if (begun.status() != PGRES_COPY_IN) return Failed(begun);
    }
    std::vector<Value> row;
    std::string text;
    bool sent = true;
    const auto send = [&] {
      sent = sent && pq_.put_copy_data(connection_, text.data(), static_cast<int>(text.size())) == 1;
      text.clear();
    };
    while (sent && next(row)) {
      AppendCopyLine(row, text);
      if (text.size() >= kCopyBytes) send();
    }
    if (!text.empty()) send();
    sent = pq_.put_copy_end(connection_, nullptr) == 1 && sent;
    const Answer ended(pq_, pq_.get_result(connection_));
    const bool good = ended.status() == PGRES_COMMAND_OK;
    while (PGresult* more = pq_.get_result(connection_)) pq_.clear(more);
    if (!good) return Failed(ended);
    return sent ? Result<void>() : Failed(pq_.error_message(connection_));
  }

  Result<void> Begin() override {
    for (const char* sql : {"BEGIN", kLock}) {
      if (const auto done = Query(sql, {}); !done) {
        Rollback();
        return tl::unexpected(done.error());
      }
    }
    return {};
  }

  Result<void> Commit() override {
    const auto done = Query("COMMIT", {});
    return done ? Result<void>() : tl::unexpected(done.error());
  }

  void Rollback() override { (void)Query("ROLLBACK", {}); }

  // Read from the catalogue: to_regclass() may remember that there was no such table before another made it.
  Result<bool> HasTable(const std::string& name) override {
    const std::vector<Value> names = {Value(name)};
    const auto rows = Query(
        "SELECT 1 FROM pg_catalog.pg_class WHERE relname = $1 AND relkind = 'r' AND pg_table_is_visible(oid)",
        names);
    if (!rows) return tl::unexpected(rows.error());
    return !rows->empty();
  }

  Result<bool> IsForeign() override { return false; }  // a server's database may hold more than this

 private:
  tl::unexpected<Failure> Failed(const Answer& answer) {
    return Failed(answer.get() == nullptr ? pq_.error_message(connection_) : pq_.result_error(answer.get()));
  }

  // One line, without what the address keeps to itself.
  tl::unexpected<Failure> Failed(std::string why) {
    while (!why.empty() && (why.back() == '\n' || why.back() == ' ')) why.pop_back();
    for (std::size_t at = why.find('\n'); at != std::string::npos; at = why.find('\n', at)) {
      std::size_t end = at + 1;
      while (end < why.size() && (why[end] == ' ' || why[end] == '\t')) ++end;
      why.replace(at, end - at, "; ");
    }
    for (const std::string& secret : secrets_) {
      for (std::size_t at = why.find(secret); at != std::string::npos;
           at = why.find(secret, at + kRedacted.size()))
        why.replace(at, secret.size(), kRedacted);
    }
    return tl::unexpected(Failure{Failure::Kind::kInternal, {{{shown_, 0, 0}, why}}});
  }

  const Libpq& pq_;
  std::string shown_;
  std::vector<std::string> secrets_;
  PGconn* connection_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<Database>> OpenPostgres(const Address& address) {
  const Result<const Libpq*> pq = LoadLibpq();
  if (!pq) return tl::unexpected(pq.error());
  auto database = std::make_unique<PostgresDatabase>(**pq, address);
  if (Result<void> connected = database->Connect(address); !connected)
    return tl::unexpected(connected.error());
  return database;
}

}  // namespace minslice::store
