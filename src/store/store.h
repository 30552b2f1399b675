// The store: what many runs and gates said, in a database of one file or of a team. The logs and verdict.json
// stay the evidence; everything here is made from them and can be made again.
#ifndef MINSLICE_STORE_STORE_H_
#define MINSLICE_STORE_STORE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "minslice/result.h"
#include "minslice/verdict.h"
#include "store/address.h"
#include "store/database.h"
#include "store/store_rows.h"

namespace minslice::store {

struct StoredRun {
  std::string run_id, log_sha256, suite, target, request_model, started_at, ended_at;
  std::optional<std::int64_t> shard_index, shard_of;
  std::int64_t repeats = 0, rows = 0, passed = 0, failed = 0, model_errors = 0, infra_errors = 0;
  bool finished = false;
  std::optional<double> spent_usd;
};

struct StoredVerdict {
  std::string id, date;  // the candidate's run began; empty: the store does not hold its log
  std::string verdict, suite, suite_key, candidate_key, run_hash, incumbent, candidate, status, reason;
  std::int64_t seq = 0, exit_code = 0, n_pairs = 0;
  std::optional<double> incumbent_rate, candidate_rate, delta, ci_low, ci_high;
};

struct StoredSlice {
  std::string verdict_id, dimension, value, role, status;
  std::int64_t n_pairs = 0, broke = 0, fixed = 0;
  std::optional<double> incumbent_rate, candidate_rate, delta, ci_low, ci_high;
};

class Store {
 public:
  enum class Mode : std::uint8_t { kRead, kWrite };  // kWrite: made where it is not there
  static Result<std::unique_ptr<Store>> Open(const Address& address, Mode mode);

  // Between them no other process writes; a Store that goes away in between leaves nothing written.
  Result<void> Begin();
  Result<void> Commit();
  void Rollback();
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // What follows stands within Begin and Commit. true: it was not there.
  //
  // The log and its rows. A later state of the same run takes the place of an earlier one, whichever comes
  // first: more rows, then finished, then ended later, then the larger hash.
  Result<bool> PutLog(const std::string& path);
  Result<bool> PutVerdict(const Verdict& verdict, const std::string& json, const VerdictKeys& keys);

  Result<bool> Empty();
  // By date and order of arrival, oldest first; those without a date first.
  Result<std::vector<StoredVerdict>> Verdicts();
  Result<std::vector<StoredVerdict>> VerdictsAsTheyCame();
  Result<std::vector<StoredRun>> Runs();
  Result<std::vector<StoredSlice>> Slices(const std::string& verdict_id);
  // Of one name in all verdicts; an empty dimension: any.
  Result<std::vector<StoredSlice>> SlicesNamed(const std::string& dimension, const std::string& value);
  Result<std::string> VerdictJson(const std::string& verdict_id);

 private:
  explicit Store(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  Result<void> ImportAnswers(const std::string& run_id, const std::string& path, const std::string& sha256);
  Result<std::vector<StoredVerdict>> ReadVerdicts(const char* order);

  std::unique_ptr<Database> database_;
  bool begun_ = false;
};

}  // namespace minslice::store

#endif  // MINSLICE_STORE_STORE_H_
