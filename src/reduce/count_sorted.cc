#include "reduce/count_sorted.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "io/diagnostics.h"
#include "io/file_system.h"
#include "io/input_stream.h"
#include "io/sha256.h"
#include "log/log_reader.h"
#include "log/row_fields.h"
#include "log/row_scanner.h"
#include "log/row_sums.h"
#include "log/segment_memo.h"
#include "log/text_hash.h"
#include "log/text_order.h"
#include "minslice/answer_counts.h"
#include "pair/check_runs.h"
#include "reduce/counts_builder.h"
#include "reduce/shards.h"
#include "reduce/side_sums.h"

namespace minslice::reduce {
namespace {

// What is kept of a row until its case is complete.
struct Kept {
  int repeat = 1;
  char letter = kCellNoRow;
  std::uint32_t segments = 0;
  std::uint64_t prompt = 0;  // a hash; 0: none
};

char LetterOf(Outcome outcome) {
  constexpr char kLetters[] = {kCellPass, kCellFail, kCellModelError, kCellInfraError};
  return kLetters[static_cast<std::size_t>(outcome)];
}

// Numbers for the segments of rows, without an allocation for those that are known.
class SegmentNumbers {
 public:
  explicit SegmentNumbers(CountsBuilder& builder) : builder_(builder) {}
  std::uint32_t Of(const log::RowFields& row) {
    if (row.segments_number == log::SegmentMemo::kNone) return Find(row);
    if (of_memo_.size() <= row.segments_number) of_memo_.resize(row.segments_number + 1, kUnknown);
    std::uint32_t& number = of_memo_[row.segments_number];
    if (number == kUnknown) number = Find(row);
    return number;
  }

 private:
  static constexpr std::uint32_t kUnknown = static_cast<std::uint32_t>(-1);

  std::uint32_t Find(const log::RowFields& row) {
    key_.clear();
    for (const auto& [dimension, value] : row.segments)
      key_.append(dimension).append(1, '\0').append(value).append(1, '\1');
    const std::uint32_t known = keys_.Number(key_);
    if (known == numbers_.size()) {
      std::vector<Segment> set;
      for (const auto& [dimension, value] : row.segments)
        set.push_back({std::string(dimension), std::string(value)});
      numbers_.push_back(builder_.Segments(set));
    }
    return numbers_[known];
  }

  CountsBuilder& builder_;
  NameTable keys_;
  std::vector<std::uint32_t> of_memo_;
  std::vector<std::uint32_t> numbers_;
  std::string key_;
};

// One log, case by case. False from anything that this way does not take.
class SortedLog {
 public:
  SortedLog(const std::string& path, CountsBuilder& builder, CountedSide& side, io::Sha256Pair& hashes,
            log::SegmentMemo& memo)
      : path_(path), segments_(builder), side_(side), hash_(&hashes), scanner_(&memo) {}

  bool Open() {
    auto stream = io::PlainStream::Open(io::RealFileSystem(), path_);
    if (!stream) return false;
    stream_ = *std::move(stream);
    lines_ = std::make_unique<io::LineSource>(*stream_, path_, log::kLongestLine, &hash_);
    const auto line = lines_->Next();
    if (!line || !*line) return false;
    run_line_ = **line;
    const Result<RunLog> log = log::ParseLog(run_line_ + "\n", path_);
    if (!log) return false;
    return Advance();
  }

  bool at_end() const { return at_end_; }
  std::string_view id() const { return row_.case_id; }

  // The cluster of the case that was taken, where has_cluster().
  bool has_cluster() const { return has_cluster_; }
  std::string_view cluster() const { return cluster_; }

  // The rows of the case id(); then id() is that of the next one.
  bool Take(std::vector<Kept>& rows) {
    rows.clear();
    has_cluster_ = row_.cluster.has_value();
    if (has_cluster_) cluster_.assign(*row_.cluster);
    for (;;) {
      if (row_.cluster.has_value() != has_cluster_ || (has_cluster_ && *row_.cluster != cluster_))
        return false;
      if (!rows.empty() && row_.repeat <= rows.back().repeat) return false;
      rows.push_back(Count());
      id_.assign(row_.case_id);
      if (!Advance()) return false;
      if (at_end_) return true;
      const int compared = log::CompareTexts(row_.case_id, id_);
      if (compared != 0) return compared > 0;
    }
  }

  // Behind the last case: the log, without rows. nullopt where rows are missing or it is not finished.
  std::optional<RunLog> Finish() {
    Result<RunLog> log = log::ParseLog(run_line_ + "\n" + end_line_ + "\n", path_);
    if (!log || !log->end || !sums_.fits()) return std::nullopt;
    const std::int64_t promised =
        std::max(log->end->cases, log->run.cases.value_or(0)) * std::max(log->run.repeats, log->end->repeats);
    if (log->run.imported_from.empty() && rows_ != promised) return std::nullopt;
    if (!AddSide(side_, sums_.sums())) return std::nullopt;
    log->sha256 = hash_.HexDigest();
    return *std::move(log);
  }

 private:
  // The next row, or the end record.
  bool Advance() {
    const std::size_t size = scanner_.Next(lines_->Buffered(), row_);
    if (size == 0) return ReadLine();
    lines_->Take(size);
    return true;
  }

  // What did not stand in the buffer whole, or is like no row before.
  bool ReadLine() {
    const auto line = lines_->Next();
    if (!line || !*line || !lines_->terminated()) return false;
    const std::string_view with_newline((*line)->data(), (*line)->size() + 1);
    if (scanner_.Next(with_newline, row_) == with_newline.size() || scanner_.Scan(**line, row_)) return true;
    // The end record, or Finish says that it is none.
    end_line_ = **line;
    at_end_ = true;
    const auto behind = lines_->Next();
    return behind && !*behind && !stream_->cut();
  }

  Kept Count() {
    ++rows_;
    Kept kept;
    kept.repeat = row_.repeat;
    kept.letter = LetterOf(row_.outcome);
    kept.segments = segments_.Of(row_);
    if (row_.prompt_sha256) kept.prompt = std::max<std::uint64_t>(1, log::TextHash(*row_.prompt_sha256));
    sums_.Add({row_.outcome, row_.response_model.value_or(std::string_view()), row_.cost_usd, row_.latency_ms,
               row_.input_tokens, row_.output_tokens, !row_.segments.empty(), row_.cluster.has_value(),
               row_.prompt_sha256.has_value()},
              row_.repeat);
    if (row_.outcome != Outcome::kInfraError) {
      Note(side_.fingerprints, row_.system_fingerprint);
      Note(side_.deployments, row_.deployment);
      if (row_.cache && IsCacheHit(*row_.cache)) Note(side_.cached);
    }
    return kept;
  }

  void Note(std::map<std::string, CountedAnswers>& names, const std::optional<std::string_view>& name) const {
    if (!name || name->empty()) return;
    Note(names[std::string(*name)].by_repeat);
  }
  void Note(std::vector<std::int64_t>& rows) const {
    ++RowsAt(rows, static_cast<std::size_t>(row_.repeat) - 1);
  }

  const std::string& path_;
  SegmentNumbers segments_;
  CountedSide& side_;
  io::Sha256 hash_;
  std::unique_ptr<io::PlainStream> stream_;
  std::unique_ptr<io::LineSource> lines_;
  log::RowSums sums_;
  log::RowScanner scanner_;
  log::RowFields row_;
  std::string run_line_, end_line_, id_, cluster_;
  std::int64_t rows_ = 0;
  bool at_end_ = false, has_cluster_ = false;
};

// The case's pattern, by the letters of single runs from a table.
class PatternNumbers {
 public:
  explicit PatternNumbers(CountsBuilder& builder) : builder_(builder) { single_.fill(kUnknown); }

  std::uint32_t Of(const std::vector<Kept> (&rows)[2]) {
    std::uint32_t* known = nullptr;
    if (Single(rows[0]) && Single(rows[1])) {
      known = &single_[static_cast<std::size_t>(Letter(rows[0])) * 128 +
                       static_cast<std::size_t>(Letter(rows[1]))];
      if (*known != kUnknown) return *known;
    }
    text_.clear();
    for (std::size_t s = 0; s < 2; ++s) {
      if (s == 1) text_ += '|';
      int last = 0;
      for (const Kept& row : rows[s]) {
        text_.append(static_cast<std::size_t>(row.repeat - last - 1), kCellNoRow);
        text_ += row.letter;
        last = row.repeat;
      }
    }
    const std::uint32_t number = builder_.Pattern(text_);
    if (known != nullptr) *known = number;
    return number;
  }

 private:
  static constexpr std::uint32_t kUnknown = static_cast<std::uint32_t>(-1);
  static bool Single(const std::vector<Kept>& rows) {
    return rows.empty() || (rows.size() == 1 && rows.front().repeat == 1);
  }
  static char Letter(const std::vector<Kept>& rows) {
    return rows.empty() ? kCellNoRow : rows.front().letter;
  }

  CountsBuilder& builder_;
  std::array<std::uint32_t, std::size_t{128} * 128> single_;
  std::string text_;
};

// What the rows of a case say that it is; false where they disagree.
class Identity {
 public:
  Identity(CountsBuilder& builder, CaseCounts& counts) : none_(builder.Segments({})), counts_(counts) {}

  // `has_cluster`: on each side.
  bool Take(const std::vector<Kept> (&rows)[2], const bool (&has_cluster)[2]) {
    segments = none_;
    std::uint64_t prompt = 0;
    bool has_segments[2] = {false, false}, has_prompt[2] = {false, false};
    for (std::size_t s = 0; s < 2; ++s) {
      for (const Kept& row : rows[s]) {
        if (row.segments != rows[s].front().segments) return false;
        if (row.prompt == 0) continue;
        if (prompt != 0 && prompt != row.prompt) return false;
        prompt = row.prompt;
        has_prompt[s] = true;
      }
      if (rows[s].empty() || rows[s].front().segments == none_) continue;
      if (has_segments[0] && segments != rows[s].front().segments) return false;
      segments = rows[s].front().segments;
      has_segments[s] = true;
    }
    if (rows[0].empty() || rows[1].empty()) return true;
    for (std::size_t s = 0; s < 2; ++s) {
      CountedSide& side = counts_.sides[s];
      side.lacks_segments += !has_segments[s] && has_segments[1 - s] ? 1 : 0;
      side.lacks_cluster += !has_cluster[s] && has_cluster[1 - s] ? 1 : 0;
      side.lacks_prompt += !has_prompt[s] && has_prompt[1 - s] ? 1 : 0;
    }
    return true;
  }

  std::uint32_t segments = 0;

 private:
  std::uint32_t none_;
  CaseCounts& counts_;
};

}  // namespace

std::optional<CaseCounts> CountSorted(const std::string& incumbent, const std::string& candidate,
                                      CountsBuilder& builder) {
  CaseCounts counts;
  Identity identity(builder, counts);
  PatternNumbers patterns(builder);
  io::Sha256Pair hashes;
  log::SegmentMemo memo;
  SortedLog logs[2] = {{incumbent, builder, counts.sides[0], hashes, memo},
                       {candidate, builder, counts.sides[1], hashes, memo}};
  for (SortedLog& log : logs) {
    if (!log.Open()) return std::nullopt;
  }
  std::vector<Kept> rows[2];
  while (!logs[0].at_end() || !logs[1].at_end()) {
    const int compared = logs[0].at_end()   ? 1
                         : logs[1].at_end() ? -1
                                            : log::CompareTexts(logs[0].id(), logs[1].id());
    const bool taken[2] = {compared <= 0, compared >= 0};
    for (std::size_t s = 0; s < 2; ++s) {
      rows[s].clear();
      if (taken[s] && !logs[s].Take(rows[s])) return std::nullopt;
    }
    const bool has_cluster[2] = {taken[0] && logs[0].has_cluster(), taken[1] && logs[1].has_cluster()};
    if (has_cluster[0] && has_cluster[1] && logs[0].cluster() != logs[1].cluster()) return std::nullopt;
    if (!identity.Take(rows, has_cluster)) return std::nullopt;
    if (has_cluster[0] || has_cluster[1]) {
      builder.AddSoon(identity.segments, logs[has_cluster[0] ? 0 : 1].cluster(), patterns.Of(rows));
    } else {
      builder.Add(identity.segments, CaseCounts::kNoCluster, patterns.Of(rows), 1);
    }
  }
  builder.Finish();
  std::vector<RunLog> sides[2];
  for (std::size_t s = 0; s < 2; ++s) {
    std::optional<RunLog> log = logs[s].Finish();
    if (!log) return std::nullopt;
    JoinRun(counts.sides[s].run, log->run);
    counts.logs.push_back({kSideNames[s], log->path, log->sha256, log->run.shard});
    sides[s].push_back(*std::move(log));
  }
  pair::PairResult runs;
  pair::CheckRuns(sides[0], sides[1], runs);
  io::Diagnostics diagnostics;
  CheckShards(counts.logs, diagnostics);
  CheckSides(counts, diagnostics);
  if (!runs.findings.empty() || !diagnostics.empty() || builder.overflowed()) return std::nullopt;
  return counts;
}

}  // namespace minslice::reduce
