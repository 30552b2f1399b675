// Many slices at once where they overlap (customer x length) or scores are graded: the family-wise adjustment
// comes from the joint distribution of all slices under sign flips (or resampling), so overlap costs nothing
// and no independence is assumed.
//
// Sign flips: swapping incumbent and candidate of a prompt (of a whole cluster) changes nothing under H0, so
// all slices are recomputed under the same swaps. p = (r + 1)/(B + 1); all 2^n patterns, p = r / 2^n, up to
// n = 16 differences that are not 0 (22 where slices are few). Sources: Westfall, Young 1993 (step-down max-T
// and min-p); Romano, Wolf 2005 (studentised bootstrap).
#ifndef MINSLICE_STATS_MAX_T_H_
#define MINSLICE_STATS_MAX_T_H_

#include <cstdint>
#include <span>
#include <vector>

#include "minslice/estimate.h"

namespace minslice::stats {

inline constexpr std::uint32_t kNoSlice = 0xFFFFFFFFU;

// One way of cutting the items: slice_of[i] in [0, slices) or kNoSlice.
struct Cut {
  std::span<const std::uint32_t> slice_of;
  std::uint32_t slices = 0;
};

// Sums of d by (flip group, slice), sparse: what sign flips and resampling work on. A group is an item, or a
// cluster whose items are flipped and drawn together. Slices are numbered through all cuts, in the order of
// the cuts.
class SliceTable {
 public:
  // d: one difference an item. group_of: the cluster of each item, 0 ... groups - 1; empty: each item by
  // itself. Reasons: "length", "no_pairs", "not_finite", "slice" (slice_of outside), "group".
  static Computed<SliceTable> FromCuts(std::span<const double> d, std::span<const Cut> cuts,
                                       std::span<const std::uint32_t> group_of = {},
                                       std::uint32_t groups = 0);
  // A dense table, rows = items, row-major: every column is a slice (several metrics of the same items).
  static Computed<SliceTable> FromRows(std::span<const double> rows, std::size_t columns);

  std::size_t slices() const { return members_.size(); }
  std::size_t groups() const { return start_.size() - 1; }

  // Entries of group k: start()[k] ... start()[k + 1] - 1.
  const std::vector<std::size_t>& start() const { return start_; }
  const std::vector<std::uint32_t>& slice() const { return slice_; }
  const std::vector<double>& value() const { return value_; }
  // Groups with an item in the slice, zero differences included.
  const std::vector<std::int64_t>& members() const { return members_; }

 private:
  std::vector<std::size_t> start_;
  std::vector<std::uint32_t> slice_;
  std::vector<double> value_;
  std::vector<std::int64_t> members_;
};

enum class Alternative { kTwoSided, kHarm };  // kHarm: the candidate is worse, d < 0

struct JointOptions {
  std::int64_t replicates = 10000;  // B, [99, 1e7]
  std::uint64_t seed = 0;
  Alternative alternative = Alternative::kHarm;
};

struct JointAdjustment {
  std::vector<double>
      statistic;  // t, in the direction of the alternative (|t| if two-sided); min-p: the slice's own p
  std::vector<double> raw_p;  // of the slice alone, from the same patterns; min-p: its own exact p
  std::vector<double> single_step_p;
  std::vector<double> step_down_p;  // the one to use
  bool exact = false;               // nothing drawn
  std::int64_t replicates = 0;      // patterns counted, drawn or all
};

// Largest t over slices, t = mean / (sd / sqrt(groups)) with the sd of the flipped differences. Slices with
// fewer than two groups or only zeros have t = 0 and p = 1. Same digits at any thread count. Reasons:
// "replicates".
Computed<JointAdjustment> SignFlipMaxT(const SliceTable& table, const JointOptions& options);

// Smallest p over slices, each slice's p from the exact distribution of its own flipped sum (methods 2.5: for
// binary pairs the exact McNemar p): slices of very different sizes compete fairly, where max-T favours none
// but small heavy-tailed ones. Where no group has differences in two slices (5,000 slices at most) the slices
// are independent, and nothing is drawn: exact, replicates 0. Always against harm. Reasons: "replicates",
// "not_on_lattice" (a slice's sums lie on no lattice: use max-T).
Computed<JointAdjustment> SignFlipMinP(const SliceTable& table, const JointOptions& options);

// Romano and Wolf's step-down: groups are resampled, (mean* - mean)/se* of all slices together. Asymptotic,
// but right for unsymmetric differences, where sign flips are not. Replicates that leave a slice fewer than
// two groups, or no variance, count for it as 0.
Computed<JointAdjustment> RomanoWolf(const SliceTable& table, const JointOptions& options);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_MAX_T_H_
