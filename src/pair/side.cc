#include "pair/side.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "minslice/evidence_id.h"
#include "pair/check_runs.h"
#include "pair/wording.h"

namespace minslice::pair {
namespace {

constexpr int kCopiedRows = 5;  // so many equal latencies, and no other one, are no chance

LogRows RowsOf(const RunLog& log) {
  LogRows rows;
  rows.log = &log;
  rows.columns = log.columns;
  if (rows.columns) return rows;
  auto made = std::make_shared<RowColumns>();
  log::RowFields fields;
  for (const CaseRecord& record : log.cases) {
    log::ViewRecord(record, fields);
    made->Append(fields);
  }
  made->Finish(false);
  rows.columns = std::move(made);
  return rows;
}

// A log of ours says how many cases and repeats it has; with rows taken out it is no evidence. Foreign logs
// may count otherwise. Empty: nothing is lost.
std::string RowsLost(const RunLog& log, const RowColumns& columns) {
  if (!log.end || !log.run.imported_from.empty()) return "";
  const int repeats = columns.max_repeat();
  const int promised_repeats = std::max(log.run.repeats, log.end->repeats);
  if (repeats < promised_repeats && columns.size() > 0)
    return fmt::format("it speaks of {}, the rows have {}",
                       Count(static_cast<std::size_t>(promised_repeats), "repeat"), repeats);
  const std::int64_t cases = std::max(log.end->cases, log.run.cases.value_or(0));
  const auto rows = static_cast<std::int64_t>(columns.size());
  // Writers other than ours have been seen to count rows as cases.
  if (rows < cases || (rows < cases * promised_repeats && rows != cases)) {
    return fmt::format("it speaks of {} x {}, the log has {}", Count(static_cast<std::size_t>(cases), "case"),
                       Count(static_cast<std::size_t>(promised_repeats), "repeat"),
                       Count(static_cast<std::size_t>(rows), "row"));
  }
  return "";
}

// Hashes of (case, repeat) with the row that has it, to be compared where a hash is met again.
class Seen {
 public:
  void Add(const Side& side, const Row& row, int repeat) { rows_.emplace(Key(side.id(row), repeat), row); }
  // nullptr: there is none.
  const Row* Find(const Side& side, std::string_view id, int repeat) const {
    const auto [first, last] = rows_.equal_range(Key(id, repeat));
    const auto found = std::find_if(first, last, [&](const auto& entry) {
      return entry.second.repeat == repeat && side.id(entry.second) == id;
    });
    return found == last ? nullptr : &found->second;
  }

 private:
  static std::uint64_t Key(std::string_view id, int repeat) {
    return std::hash<std::string_view>()(id) * 31 + static_cast<std::uint64_t>(repeat);
  }
  std::unordered_multimap<std::uint64_t, Row> rows_;
};

// The rows of all logs in one order. Each log is in order already.
void MergeRows(Side& side) {
  std::vector<std::size_t> starts = {0};
  std::size_t n = 0;
  for (const LogRows& log : side.columns) n += log.left_out ? 0 : log.columns->size();
  side.rows.reserve(n);
  for (std::size_t l = 0; l < side.columns.size(); ++l) {
    const LogRows& log = side.columns[l];
    if (log.left_out) continue;
    for (std::size_t place = 0; place < log.columns->size(); ++place) {
      const std::uint32_t row = log.columns->Ordered(place);
      side.rows.push_back({row, static_cast<std::uint16_t>(l),
                           static_cast<std::uint16_t>(log.columns->repeat(row) + log.offset)});
    }
    starts.push_back(side.rows.size());
  }
  const auto before = [&side](const Row& a, const Row& b) {
    const int compared = side.id(a).compare(side.id(b));
    return compared != 0 ? compared < 0 : a.repeat < b.repeat;
  };
  while (starts.size() > 2) {
    std::vector<std::size_t> next = {0};
    for (std::size_t i = 0; i + 1 < starts.size(); i += 2) {
      const std::size_t high = starts[std::min(i + 2, starts.size() - 1)];
      const auto at = [&](std::size_t place) {
        return side.rows.begin() + static_cast<std::ptrdiff_t>(place);
      };
      std::inplace_merge(at(starts[i]), at(starts[i + 1]), at(high), before);
      next.push_back(high);
    }
    starts.swap(next);
  }
}

}  // namespace

void CollectRows(Side& side, std::vector<Finding>& findings) {
  Seen seen;
  const bool several = side.logs.size() > 1;
  std::set<std::string> hashes;
  for (const RunLog& log : side.logs) {
    side.columns.push_back(RowsOf(log));
    LogRows& rows = side.columns.back();
    const RowColumns& columns = *rows.columns;
    if (!log.end) {
      const std::string why =
          log.stop ? fmt::format(
                         "the run stopped with {} missing: {}",
                         Count(static_cast<std::size_t>(std::max<std::int64_t>(0, log.stop->missing)), "row"),
                         log.stop->text)
                   : "the run was cut off";
      const bool budget = log.stop && log.stop->reason == "budget_exhausted";
      findings.push_back(
          {budget ? "budget_exhausted" : "unfinished_log",
           fmt::format("{}: the {}'s log has no end record: {}; complete it with run --resume{}", log.path,
                       side.name, why, budget ? " and a larger budget" : ""),
           {}});
    }
    if (const std::string lost = RowsLost(log, columns); !lost.empty())
      findings.push_back({"rows_lost", fmt::format("{}: {}", log.path, lost), {}});
    if (!log.sha256.empty() && !hashes.insert(EvidenceId(log.sha256, log.path)).second) {
      findings.push_back({"duplicate_rows",
                          fmt::format("{}: the same log is given twice for the {}", log.path, side.name),
                          {}});
      rows.left_out = true;
      continue;
    }
    // Another run of a case takes another time, to the fraction of a millisecond.
    bool copied = true;
    int timed = 0;
    for (std::size_t place = 0; several && copied && place < columns.size(); ++place) {
      const std::uint32_t row = columns.Ordered(place);
      const Row* other = seen.Find(side, columns.id(row), columns.repeat(row));
      if (other == nullptr) continue;
      rows.offset = side.repeats;
      const auto here = columns.latency_ms(row);
      timed += here ? 1 : 0;
      copied = here == side.columns[other->log].columns->latency_ms(other->row);
    }
    if (rows.offset > 0 && copied && timed >= kCopiedRows) {
      findings.push_back({"duplicate_rows",
                          fmt::format("{}: a run of the {} is given twice: every row has the very latency of "
                                      "an earlier log's, which no second run has",
                                      log.path, side.name),
                          {}});
    }
    side.repeats = std::max(side.repeats, columns.max_repeat() + rows.offset);
    side.has_segments = side.has_segments || columns.has_segments();
    side.has_clusters = side.has_clusters || columns.has_clusters();
    for (std::size_t place = 0; several && place < columns.size(); ++place) {
      const std::uint32_t row = columns.Ordered(place);
      const int repeat = columns.repeat(row) + rows.offset;
      seen.Add(side,
               {row, static_cast<std::uint16_t>(side.columns.size() - 1), static_cast<std::uint16_t>(repeat)},
               repeat);
    }
  }
  side.plain = side.columns.size() == 1 && side.columns.front().columns->distinct_ids() && side.repeats == 1;
  if (!side.plain) MergeRows(side);
}

void CheckShards(const Side& side, std::vector<Finding>& findings) {
  const RunLog* first = nullptr;
  std::set<std::int64_t> given;
  for (const RunLog& log : side.logs) {
    if (!log.run.shard) continue;
    if (first == nullptr) first = &log;
    if (log.run.shard->of == first->run.shard->of) given.insert(log.run.shard->index);
  }
  if (first == nullptr) return;
  const auto of = static_cast<std::int64_t>(first->run.shard->of);
  const auto missing = of - static_cast<std::int64_t>(given.size());
  if (missing <= 0) return;
  findings.push_back(
      {"rows_lost",
       fmt::format("{}: it is part {} of {} of the {}'s run, and {} of the parts {} not given; put them "
                   "together with log merge",
                   first->path, first->run.shard->index, of, side.name, missing, missing == 1 ? "is" : "are"),
       {}});
}

// Means over 1 and over 3 runs do not have the same distribution where the models are equal, so the sign-flip
// test of their difference would be wrong (10 % false alarms at a nominal 5, n = 40, pass rate .95, 1 run
// against 3): the runs that the other side does not have are left out, and that is said.
void KeepCommonRepeats(Side (&sides)[2], std::vector<std::string>& warnings) {
  const int common = std::min(sides[0].repeats, sides[1].repeats);
  for (Side& side : sides) {
    if (side.repeats == common || sides[0].n_rows() == 0 || sides[1].n_rows() == 0) continue;
    const std::size_t before = side.rows.size();
    std::erase_if(side.rows, [&](const Row& row) { return int{row.repeat} > common; });
    warnings.push_back(RepeatsNotUsed(side.name, side.repeats, common,
                                      static_cast<std::int64_t>(before - side.rows.size())));
    side.repeats = common;
  }
}

}  // namespace minslice::pair
