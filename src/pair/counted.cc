#include "pair/counted.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <future>
#include <memory>
#include <utility>

#include "log/row_columns.h"
#include "pair/case_segments.h"
#include "pair/check_runs.h"
#include "pair/wording.h"

namespace minslice::pair {
namespace {

constexpr std::size_t kWorthAThread = 100'000;  // cases

// One row's place in a table: what ArmFiller makes of it.
struct Cell {
  bool has_row = false;
  bool model_error = false;
  double score = kMissing;
};

int Compare(const Cell& a, const Cell& b) {
  if (a.has_row != b.has_row) return a.has_row ? 1 : -1;
  if (a.model_error != b.model_error) return a.model_error ? 1 : -1;
  const bool a_missing = std::isnan(a.score);
  const bool b_missing = std::isnan(b.score);
  if (a_missing || b_missing) return static_cast<int>(b_missing) - static_cast<int>(a_missing);
  return a.score < b.score ? -1 : static_cast<int>(b.score < a.score);
}

int HighestOf(const std::vector<std::array<CountedCells, 2>>& patterns, std::size_t side) {
  std::size_t highest = 1;
  for (const auto& pattern : patterns) highest = std::max(highest, pattern[side].letters.size());
  return static_cast<int>(highest);
}

// A pattern under one metric, cut to the repeats that both sides have.
struct Decoded {
  std::vector<Cell> cells[2] = {};
  bool any[2] = {false, false};
  bool without_units = false;
  std::int64_t cut[2] = {0, 0};  // rows behind the common repeats
};

Decoded Decode(const std::array<CountedCells, 2>& pattern, std::ptrdiff_t metric, int repeats) {
  Decoded decoded;
  for (std::size_t s = 0; s < 2; ++s) {
    const CountedCells& half = pattern[s];
    decoded.cells[s].resize(static_cast<std::size_t>(repeats));
    for (std::size_t r = 0; r < half.letters.size(); ++r) {
      const char letter = half.letters[r];
      if (letter == kCellNoRow) continue;
      if (r >= static_cast<std::size_t>(repeats)) {
        ++decoded.cut[s];
        continue;
      }
      Cell& cell = decoded.cells[s][r];
      decoded.any[s] = cell.has_row = true;
      cell.model_error = letter == kCellModelError;
      if (letter == kCellInfraError) continue;
      cell.score = letter == kCellPass ? 1 : 0;
      if (metric < 0 || cell.model_error) continue;
      const std::vector<std::optional<std::int64_t>>& units = half.units[static_cast<std::size_t>(metric)];
      const bool known = r < units.size() && units[r].has_value();
      decoded.without_units = decoded.without_units || !known;
      cell.score = known ? ScoreOf(*units[r]) : kMissing;
    }
  }
  return decoded;
}

bool Before(const Decoded& a, const Decoded& b) {
  for (std::size_t s = 0; s < 2; ++s) {
    for (std::size_t r = 0; r < a.cells[s].size(); ++r) {
      if (const int compared = Compare(a.cells[s][r], b.cells[s][r]); compared != 0) return compared < 0;
    }
  }
  return false;
}

// Numbers 0, 1, ... in the order of `before`.
template <class Before>
std::vector<std::uint32_t> Ranks(std::size_t n, Before before) {
  std::vector<std::uint32_t> order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = static_cast<std::uint32_t>(i);
  std::stable_sort(order.begin(), order.end(), before);
  std::vector<std::uint32_t> rank(n);
  for (std::size_t i = 0; i < n; ++i) rank[order[i]] = static_cast<std::uint32_t>(i);
  return rank;
}

// The groups of counts under one metric, on their way to a table.
struct Ordered {
  std::vector<std::array<CountedCells, 2>> patterns;
  std::vector<Decoded> decoded;
  std::vector<std::vector<std::uint32_t>> codes;  // of the segment sets, by dimension
  std::vector<std::uint32_t> cluster_code;        // of CaseCounts::clusters
  std::vector<CaseGroup> groups;                  // that have a row; cluster: its code
};

// Dimensions and clusters of the groups that have a row, with their values ascending.
void FillNames(const CaseCounts& counts, Ordered& ordered, PairedTable& table) {
  std::vector<bool> used_sets(counts.segments.size()), used_clusters(counts.clusters.size());
  ordered.groups.reserve(counts.groups.size());
  for (const CaseGroup& group : counts.groups) {
    const Decoded& decoded = ordered.decoded[group.pattern];
    if (!decoded.any[0] && !decoded.any[1]) continue;
    used_sets[group.segments] = true;
    if (group.cluster != CaseCounts::kNoCluster) used_clusters[group.cluster] = true;
    ordered.groups.push_back(group);
  }
  std::vector<const std::vector<Segment>*> sets;
  sets.reserve(counts.segments.size());
  for (const std::vector<Segment>& set : counts.segments) sets.push_back(&set);
  ordered.codes = AddDimensions(sets, used_sets, table);
  std::vector<const std::string*> clusters;
  clusters.reserve(counts.clusters.size());
  for (const std::string& name : counts.clusters) clusters.push_back(&name);
  ordered.cluster_code = AddClusters(clusters, used_clusters, table);
}

void AddWarnings(const CaseCounts& counts, bool both, int common, const int (&repeats)[2],
                 const std::int64_t (&cut)[2], std::vector<std::string>& warnings) {
  for (std::size_t s = 0; s < 2; ++s) {
    if (!both || repeats[s] == common) continue;
    warnings.push_back(RepeatsNotUsed(kSideNames[s], repeats[s], common, cut[s]));
  }
  for (std::size_t s = 0; s < 2; ++s) {
    if (counts.sides[s].with_segments == 0 && counts.sides[1 - s].with_segments > 0)
      warnings.push_back(SegmentsOfOther(kSideNames[s], kSideNames[1 - s]));
  }
  for (std::size_t s = 0; s < 2; ++s) {
    if (counts.sides[s].lacks_prompt == 0) continue;
    warnings.push_back(PromptsUnknown(kSideNames[s], kSideNames[1 - s], counts.sides[s].lacks_prompt));
  }
  if (counts.sides[0].with_prompt > 0 || counts.sides[1].with_prompt > 0) {
    warnings.emplace_back(
        "counts do not say whether one prompt stands under several ids; the logs do (gate the logs to see)");
  }
}

std::optional<std::vector<std::optional<std::int64_t>>> ParseUnits(std::string_view text) {
  std::vector<std::optional<std::int64_t>> units;
  if (text.empty()) return units;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string_view number = text.substr(at, end - at);
    std::int64_t value = 0;
    const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
    if (number.empty()) {
      units.emplace_back(std::nullopt);
    } else if (read.ec != std::errc() || read.ptr != number.data() + number.size()) {
      return std::nullopt;
    } else {
      units.emplace_back(value);
    }
    at = end + 1;
  }
  return units;
}

void OrderGroups(const CaseCounts& counts, Ordered& ordered) {
  const std::vector<std::uint32_t> set_rank =
      Ranks(counts.segments.size(),
            [&](std::uint32_t a, std::uint32_t b) { return ordered.codes[a] < ordered.codes[b]; });
  const std::vector<std::uint32_t> pattern_rank =
      Ranks(counts.patterns.size(),
            [&](std::uint32_t a, std::uint32_t b) { return Before(ordered.decoded[a], ordered.decoded[b]); });
  for (CaseGroup& group : ordered.groups) {
    if (group.cluster != CaseCounts::kNoCluster) group.cluster = ordered.cluster_code[group.cluster];
  }
  const auto by_cluster = [](const CaseGroup& a, const CaseGroup& b) { return a.cluster < b.cluster; };
  // A file of counts has the groups of a cluster one after the other.
  if (!std::is_sorted(ordered.groups.begin(), ordered.groups.end(), by_cluster))
    std::sort(ordered.groups.begin(), ordered.groups.end(), by_cluster);
  for (auto first = ordered.groups.begin(); first != ordered.groups.end();) {
    const auto last = std::find_if(first, ordered.groups.end(),
                                   [&](const CaseGroup& group) { return group.cluster != first->cluster; });
    std::sort(first, last, [&](const CaseGroup& a, const CaseGroup& b) {
      if (a.segments != b.segments) return set_rank[a.segments] < set_rank[b.segments];
      return pattern_rank[a.pattern] < pattern_rank[b.pattern];
    });
    first = last;
  }
}

// What does not read as one has no rows.
std::vector<std::array<CountedCells, 2>> ParsePatterns(const CaseCounts& counts) {
  std::vector<std::array<CountedCells, 2>> patterns;
  patterns.reserve(counts.patterns.size());
  for (const std::string& pattern : counts.patterns)
    patterns.push_back(ParsePattern(pattern, counts.metrics.size()).value_or(std::array<CountedCells, 2>()));
  return patterns;
}

std::string CaseName(std::size_t number) { return fmt::format("#{:012}", number); }

// CaseName of 0 ... n - 1.
TextList CaseNames(std::size_t n) {
  std::string name = CaseName(0);
  TextList names;
  names.reserve(n, n * name.size());
  for (std::size_t i = 0; i < n; ++i) {
    names.push_back(name);
    // The next one: nines at the end become zeros. 2e9 cases at most, so the first digit stays.
    std::size_t digit = name.size() - 1;
    for (; name[digit] == '9'; --digit) name[digit] = '0';
    ++name[digit];
  }
  return names;
}

}  // namespace

std::optional<std::array<CountedCells, 2>> ParsePattern(std::string_view pattern, std::size_t metrics) {
  std::array<CountedCells, 2> halves;
  for (std::size_t m = 0; m <= metrics; ++m) {
    const std::size_t end = std::min(pattern.find(';'), pattern.size());
    if (m < metrics && end == pattern.size()) return std::nullopt;
    const std::string_view part = pattern.substr(0, end);
    pattern.remove_prefix(std::min(end + 1, pattern.size()));
    const std::size_t bar = part.find('|');
    if (bar == std::string_view::npos) return std::nullopt;
    const std::string_view sides[2] = {part.substr(0, bar), part.substr(bar + 1)};
    for (std::size_t s = 0; s < 2; ++s) {
      if (m == 0) {
        if (sides[s].find_first_not_of("pfex-") != std::string_view::npos) return std::nullopt;
        if (sides[s].ends_with(kCellNoRow)) return std::nullopt;
        halves[s].letters = sides[s];
        continue;
      }
      auto units = ParseUnits(sides[s]);
      if (!units || units->size() > halves[s].letters.size()) return std::nullopt;
      halves[s].units.push_back(*std::move(units));
    }
  }
  if (!pattern.empty() || (halves[0].letters.empty() && halves[1].letters.empty())) return std::nullopt;
  return halves;
}

PairResult PairCounts(const CaseCounts& counts, const std::string& metric) {
  PairResult result;
  PairedTable& table = result.table;
  table.metric = metric;
  const RunLog runs[2] = {CountedRun({&counts, [](const CaseCounts*) {}}, 0),
                          CountedRun({&counts, [](const CaseCounts*) {}}, 1)};
  CheckRuns({&runs[0], 1}, {&runs[1], 1}, result);
  std::ptrdiff_t place = -1;
  if (metric != "pass") {
    const auto at = std::find(counts.metrics.begin(), counts.metrics.end(), metric);
    if (at == counts.metrics.end()) {
      result.findings.push_back(
          {"metric_missing",
           fmt::format("{}: the counts hold no score \"{}\"; count the logs again with --metric {}",
                       counts.path, metric, metric),
           {}});
      return result;
    }
    place = at - counts.metrics.begin();
  }
  Ordered ordered;
  ordered.patterns = ParsePatterns(counts);
  const int repeats[2] = {HighestOf(ordered.patterns, 0), HighestOf(ordered.patterns, 1)};
  const std::int64_t rows[2] = {counts.sides[0].n_rows(), counts.sides[1].n_rows()};
  const bool both = rows[0] > 0 && rows[1] > 0;
  const int common = std::min(repeats[0], repeats[1]);
  table.incumbent.repeats = both ? common : repeats[0];
  table.candidate.repeats = both ? common : repeats[1];
  const int kept = both ? common : std::max(repeats[0], repeats[1]);
  for (const auto& pattern : ordered.patterns) ordered.decoded.push_back(Decode(pattern, place, kept));
  FillNames(counts, ordered, table);
  OrderGroups(counts, ordered);

  std::size_t n = 0;
  std::int64_t cut[2] = {0, 0};
  std::int64_t without_units = 0;
  for (const CaseGroup& group : counts.groups) {
    const Decoded& decoded = ordered.decoded[group.pattern];
    for (std::size_t s = 0; s < 2; ++s) cut[s] += decoded.cut[s] * group.n;
    if (!decoded.any[0] && !decoded.any[1]) continue;
    if (decoded.without_units) without_units += group.n;
    n += static_cast<std::size_t>(group.n);
  }
  AddWarnings(counts, both, common, repeats, cut, result.warnings);
  auto names = std::async(n >= kWorthAThread ? std::launch::async : std::launch::deferred, CaseNames, n);
  for (Dimension& dimension : table.dimensions) dimension.value_of_case.reserve(n);
  if (!table.clusters.empty()) table.cluster_of_case.reserve(n);
  PairedArm* arms[2] = {&table.incumbent, &table.candidate};
  for (PairedArm* arm : arms) {
    const std::size_t cells = n * static_cast<std::size_t>(arm->repeats);
    arm->scores.reserve(cells);
    arm->has_row.reserve(cells);
    arm->model_error.reserve(cells);
  }
  bool any_pair = false;
  std::size_t filled = 0;
  for (const CaseGroup& group : ordered.groups) {
    const Decoded& decoded = ordered.decoded[group.pattern];
    const auto copies = static_cast<std::size_t>(group.n);
    filled += copies;
    for (std::size_t d = 0; d < table.dimensions.size(); ++d)
      table.dimensions[d].value_of_case.insert(table.dimensions[d].value_of_case.end(), copies,
                                               ordered.codes[group.segments][d]);
    if (!table.clusters.empty())
      table.cluster_of_case.insert(table.cluster_of_case.end(), copies, group.cluster);
    for (std::size_t s = 0; s < 2; ++s) {
      PairedArm& arm = *arms[s];
      const auto k = static_cast<std::size_t>(arm.repeats);
      for (std::size_t r = 0; r < k; ++r) {
        const double score = decoded.cells[s][r].score;
        if (!std::isnan(score) && score != 0 && score != 1) table.binary = false;
      }
      for (std::size_t i = 0; i < copies; ++i) {
        for (std::size_t r = 0; r < k; ++r) {
          const Cell& cell = decoded.cells[s][r];
          arm.scores.push_back(cell.score);
          arm.has_row.push_back(cell.has_row ? 1 : 0);
          arm.model_error.push_back(cell.model_error ? 1 : 0);
        }
      }
    }
    any_pair = any_pair || table.complete(filled - 1);
  }
  table.case_ids = names.get();
  if (without_units > 0) {
    result.findings.push_back({"metric_missing",
                               fmt::format("{} with rows without a finite score \"{}\"",
                                           Count(static_cast<std::size_t>(without_units), "case"), metric),
                               {}});
  }
  ListUnpaired(table, result.unpaired);
  if (!any_pair) result.findings.push_back(NoPairs(rows[0], rows[1]));
  return result;
}

int HighestRepeat(const CaseCounts& counts, int side) {
  std::size_t highest = 0;
  for (const auto& pattern : ParsePatterns(counts))
    highest = std::max(highest, pattern[static_cast<std::size_t>(side)].letters.size());
  return static_cast<int>(highest);
}

const CaseCounts* CountsOf(const RunLog& log) { return log.columns ? log.columns->counts().get() : nullptr; }

const CountedSide& CountedSideOf(const RunLog& log) {
  return log.columns->counts()->sides[static_cast<std::size_t>(log.columns->counts_side())];
}

RunLog CountedRun(std::shared_ptr<const CaseCounts> counts, int side) {
  RunLog log;
  const CountedSide& counted = counts->sides[static_cast<std::size_t>(side)];
  log.path = counts->path;
  log.sha256 = counts->sha256;
  log.run = counted.run;
  log.end = EndRecord{.cases = counted.run.cases.value_or(0),
                      .repeats = counted.run.repeats,
                      .spent_usd = {},
                      .ended_at = ""};
  auto columns = std::make_shared<log::RowColumns>();
  columns->Count(std::move(counts), side);
  log.columns = std::move(columns);
  return log;
}

std::vector<CaseRecord> CountedRows(const CaseCounts& counts, int side) {
  std::vector<CaseRecord> rows;
  const auto s = static_cast<std::size_t>(side);
  Ordered ordered;
  ordered.patterns = ParsePatterns(counts);
  const int repeats = std::max(HighestOf(ordered.patterns, 0), HighestOf(ordered.patterns, 1));
  for (const auto& pattern : ordered.patterns) ordered.decoded.push_back(Decode(pattern, -1, repeats));
  PairedTable names;
  FillNames(counts, ordered, names);
  OrderGroups(counts, ordered);
  std::size_t number = 0;
  for (const CaseGroup& group : ordered.groups) {
    const CountedCells& cells = ordered.patterns[group.pattern][s];
    for (std::int64_t i = 0; i < group.n; ++i, ++number) {
      for (std::size_t r = 0; r < cells.letters.size(); ++r) {
        if (cells.letters[r] == kCellNoRow) continue;
        CaseRecord& row = rows.emplace_back();
        row.case_id = CaseName(number);
        row.repeat = static_cast<int>(r) + 1;
        switch (cells.letters[r]) {
          case kCellPass:
            row.outcome = Outcome::kPass;
            break;
          case kCellFail:
            row.outcome = Outcome::kFail;
            break;
          case kCellModelError:
            row.outcome = Outcome::kModelError;
            break;
          default:
            row.outcome = Outcome::kInfraError;
        }
        row.segments = counts.segments[group.segments];
        if (group.cluster != CaseCounts::kNoCluster) row.cluster = names.clusters[group.cluster];
      }
    }
  }
  return rows;
}

}  // namespace minslice::pair
