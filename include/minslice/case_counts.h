// What a verdict needs of two sides' logs, as whole numbers that add up: cases that are alike in every
// respect that a statistic looks at are counted together. Counts of parts of the cases, added in any order,
// are the counts of all of them (docs/formats/counts.md).
#ifndef MINSLICE_CASE_COUNTS_H_
#define MINSLICE_CASE_COUNTS_H_

#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "minslice/case.h"
#include "minslice/record.h"

namespace minslice {

// Scores besides pass and fail are counted as whole billionths, the least difference that is told apart. A
// score beyond 9.2e9 does not fit 64 bits and is refused.
inline constexpr double kScoreUnits = 1e9;
inline constexpr double kLargestScore = 9.2e9;
// floor(x + 1/2) and a division are the same to the bit in every engine; round() is not.
inline bool FitsScore(double score) { return std::fabs(score) <= kLargestScore; }
inline std::int64_t ScoreUnits(double score) {
  return static_cast<std::int64_t>(std::floor(score * kScoreUnits + 0.5));
}
inline double ScoreOf(std::int64_t units) { return static_cast<double>(units) / kScoreUnits; }

// Dollars likewise. A row that costs a million or more is a broken log's.
inline constexpr double kCostUnits = 1e9;
inline bool FitsCost(double cost_usd) { return std::fabs(cost_usd) < 1e6; }
inline std::int64_t CostUnits(double cost_usd) {
  return static_cast<std::int64_t>(std::floor(cost_usd * kCostUnits + 0.5));
}

// The lower end of a latency's class, in microseconds: its first three digits, none below a microsecond. -1:
// no latency. Written without logarithms, which engines do not round alike.
inline std::int64_t LatencyClass(double latency_ms) {
  if (!(latency_ms >= 0)) return -1;
  if (latency_ms < 1) return static_cast<std::int64_t>(std::floor(latency_ms * 1000));
  if (latency_ms < 10) return static_cast<std::int64_t>(std::floor(latency_ms * 100)) * 10;
  if (latency_ms < 100) return static_cast<std::int64_t>(std::floor(latency_ms * 10)) * 100;
  std::int64_t per_class = 1;  // milliseconds
  for (double top = 1000; top < 1e9; top *= 10, per_class *= 10) {
    if (latency_ms < top)
      return static_cast<std::int64_t>(std::floor(latency_ms / static_cast<double>(per_class))) * per_class *
             1000;
  }
  return 1'000'000'000'000;
}

// One side's rows of a case: a letter a repeat, without those behind the last row.
inline constexpr char kCellPass = 'p';
inline constexpr char kCellFail = 'f';
inline constexpr char kCellModelError = 'e';
inline constexpr char kCellInfraError = 'x';
inline constexpr char kCellNoRow = '-';

// Cases that no statistic tells apart. Their pattern is both sides' rows as text: "ppf|pp", and behind a ';'
// for each further metric its units by repeat: "pp|p;1000,5|7". No row, no units: "p|", "pfp|p;1000,,5|".
struct CaseGroup {
  std::uint32_t segments = 0;  // index into CaseCounts::segments
  std::uint32_t cluster = 0;   // index into CaseCounts::clusters; kNoCluster
  std::uint32_t pattern = 0;   // index into CaseCounts::patterns
  std::int64_t n = 0;          // cases
};

// Rows that one name answered.
struct CountedAnswers {
  std::int64_t passes = 0;
  std::vector<std::int64_t> by_repeat;
};

struct CountedSide {
  RunRecord run;                           // what the logs of the side agree on; started_at is the earliest
  std::array<std::int64_t, 4> rows = {};   // by Outcome
  std::optional<std::int64_t> cost_units;  // billionths of a dollar
  std::optional<std::int64_t> input_tokens, output_tokens;
  std::map<std::int64_t, std::int64_t> latency;                             // rows by LatencyClass
  std::map<std::string, CountedAnswers> models, fingerprints, deployments;  // models[""]: no name
  std::vector<std::int64_t> cached;  // answered rows out of a cache, by repeat
  // Rows that carry segments, a cluster, the hash of a prompt.
  std::int64_t with_segments = 0, with_cluster = 0, with_prompt = 0;
  // Cases that have rows on both sides, where only the other side's carry them.
  std::int64_t lacks_segments = 0, lacks_cluster = 0, lacks_prompt = 0;

  std::int64_t n_rows() const { return std::accumulate(rows.begin(), rows.end(), std::int64_t{0}); }
};

struct CountedLog {
  std::string side;  // incumbent | candidate
  std::string path, sha256;
  std::optional<Shard> shard;
};

struct CaseCounts {
  static constexpr std::uint32_t kNoCluster = static_cast<std::uint32_t>(-1);

  std::vector<std::string> metrics;  // beside "pass", ascending
  std::array<CountedSide, 2> sides;  // incumbent, candidate
  std::vector<std::vector<Segment>> segments;
  std::vector<std::string> clusters;
  std::vector<std::string> patterns;
  std::vector<CaseGroup> groups;
  std::vector<CountedLog> logs;
  std::string path;
  std::string sha256;  // of what the counts say of the cases and sides, not of which files they lay in

  std::int64_t n_cases() const {
    std::int64_t cases = 0;
    for (const CaseGroup& group : groups) cases += group.n;
    return cases;
  }
};

inline constexpr const char* kSideNames[2] = {"incumbent", "candidate"};

}  // namespace minslice

#endif  // MINSLICE_CASE_COUNTS_H_
