// Adds cases up by what statistics see of them. Adding is commutative and associative: the counts of a suite
// do not depend on how it was cut or in which order its parts were added.
#ifndef MINSLICE_REDUCE_COUNTS_BUILDER_H_
#define MINSLICE_REDUCE_COUNTS_BUILDER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "minslice/case_counts.h"
#include "minslice/result.h"
#include "reduce/cluster_table.h"

namespace minslice::reduce {

// Texts by number, found again by their bytes.
class NameTable {
 public:
  std::uint32_t Number(std::string_view text);
  std::vector<std::string>& names() { return names_; }

 private:
  struct Slot {
    std::uint32_t tag = 0;     // of the hash
    std::uint32_t number = 0;  // from 1; 0: free
  };
  void Grow();

  std::vector<Slot> slots_;
  std::vector<std::string> names_;
  std::uint32_t last_ = 0;  // mostly the same again
};

// Cases by segments, cluster and pattern.
class GroupTable {
 public:
  bool Add(const CaseGroup& group);  // false where the sum leaves 64 bits
  void Reserve(std::size_t groups);
  std::size_t size() const { return size_; }
  std::vector<CaseGroup> Groups() const;

 private:
  CaseGroup& Find(const CaseGroup& group);

  std::vector<CaseGroup> slots_;  // n = 0: free
  std::size_t size_ = 0;
};

class CountsBuilder {
 public:
  std::uint32_t Segments(std::span<const Segment> ascending);
  std::uint32_t Cluster(std::string_view name) { return clusters_.Number(name, ClusterTable::HashOf(name)); }
  std::uint32_t Pattern(std::string_view text) { return patterns_.Number(text); }
  void Add(std::uint32_t segments, std::uint32_t cluster, std::uint32_t pattern, std::int64_t n);
  void Add(const CaseCounts& counts);  // its groups only
  // One case. What its cluster has in memory is asked for now and counted some cases later, when it has come.
  void AddSoon(std::uint32_t segments, std::string_view cluster, std::uint32_t pattern);
  // Behind the last AddSoon.
  void Finish();

  bool overflowed() const { return overflowed_; }
  // Puts what was added into `counts`.
  void MoveTo(CaseCounts& counts);

 private:
  static constexpr std::size_t kFirstPatterns = 8;
  static constexpr std::size_t kMostSoon = 16;
  struct Soon {
    std::uint32_t segments = 0, pattern = 0, hash = 0;
    std::string cluster;
  };
  void AddNow(const Soon& soon);

  NameTable set_keys_, patterns_;
  std::vector<std::vector<Segment>> sets_;
  ClusterTable clusters_;  // with most cases that have a cluster
  // Of cases without one, by segments and the patterns that came first.
  std::vector<std::array<std::int64_t, kFirstPatterns>> bare_;
  GroupTable groups_;  // all others
  std::array<Soon, kMostSoon> soon_;
  std::size_t n_soon_ = 0;  // AddSoon's calls; the last of them wait
  std::string key_;
  bool overflowed_ = false;
};

// Of parts of one comparison. A failure where they are not: another suite, another run of a side, other
// metrics, a log or a shard that is in two parts; or where a count leaves 64 bits.
Result<CaseCounts> AddCounts(std::span<const CaseCounts> parts);
// Likewise where the parts' groups are in `builder` already.
Result<CaseCounts> AddCounts(std::span<const CaseCounts> parts, CountsBuilder builder);

}  // namespace minslice::reduce

#endif  // MINSLICE_REDUCE_COUNTS_BUILDER_H_
