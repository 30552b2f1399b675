#include "gate/case_data.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>

#include "gate/families.h"
#include "gate/joint_adjustment.h"
#include "pair/canonical_order.h"

namespace minslice::gate {
namespace {

double MeanFilled(const PairedArm& arm, std::size_t i, double fill) {
  const auto k = static_cast<std::size_t>(arm.repeats);
  double sum = 0;
  for (std::size_t r = 0; r < k; ++r) {
    const double score = arm.scores[i * k + r];
    sum += std::isnan(score) ? fill : score;
  }
  return sum / static_cast<double>(k);
}

std::vector<std::uint32_t> AllPlaces(const PairedTable& table) {
  std::vector<std::uint32_t> places(table.n_cases());
  std::iota(places.begin(), places.end(), 0U);
  return places;
}

using CodeCounts = std::array<std::int64_t, kMissingPair + 1>;

stats::PairedCounts CountsOf(const CodeCounts& codes) {
  stats::PairedCounts counts;
  counts.both = codes[kBoth];
  counts.incumbent_only = codes[kIncumbentOnly];
  counts.candidate_only = codes[kCandidateOnly];
  counts.neither = codes[kNeither];
  return counts;
}

}  // namespace

bool SharesClusters(const PairedTable& table) {
  std::vector<std::uint8_t> seen(table.clusters.size(), 0);
  for (const std::uint32_t cluster : table.cluster_of_case) {
    if (cluster == kNoValue) continue;
    if (seen[cluster] != 0) return true;
    seen[cluster] = 1;
  }
  return false;
}

bool ByCounts(const PairedTable& table) {
  return table.binary && table.incumbent.repeats == 1 && table.candidate.repeats == 1 &&
         !SharesClusters(table);
}

CaseData::CaseData(const PairedTable& table, const Policy& policy, Fill fill)
    : table_(table), policy_(policy), by_counts_(ByCounts(table)) {
  if (by_counts_) {
    order_ = AllPlaces(table);
  } else {
    order_ = pair::CanonicalOrder(table);
  }
  const std::size_t n = table.n_cases();
  code_.assign(n, kMissingPair);
  if (!by_counts_) {
    incumbent_.assign(n, kMissing);
    candidate_.assign(n, kMissing);
  }
  const double incumbent_fill = fill == Fill::kAgainstCandidate ? 1 : 0;
  for (std::size_t i = 0; i < n; ++i) {
    double incumbent = table.incumbent.case_mean(i);
    double candidate = table.candidate.case_mean(i);
    if (fill != Fill::kNone) {
      incumbent = MeanFilled(table.incumbent, i, incumbent_fill);
      candidate = MeanFilled(table.candidate, i, 1 - incumbent_fill);
    }
    if (std::isnan(incumbent) || std::isnan(candidate)) continue;
    if (!by_counts_) {
      incumbent_[i] = incumbent;
      candidate_[i] = candidate;
    }
    const bool passed = incumbent > 0.5;
    if (by_counts_ ? passed != (candidate > 0.5) : std::fabs(candidate - incumbent) > 0.5) {
      code_[i] = candidate < incumbent ? kIncumbentOnly : kCandidateOnly;
    } else {
      code_[i] = passed ? kBoth : kNeither;
    }
  }
}

Analysis AnalyseTable(const Policy& policy, const PairedTable& table, double margin) {
  const CaseData data(table, policy, Fill::kNone);
  return ByCounts(table) ? AnalyseCounts(data.Input().aggregate, margin, policy) : data.AnalyseAll(margin);
}

RuleInput CaseData::Input() const {
  RuleInput input;
  input.differences = by_counts_ ? nullptr : this;
  input.swaps = this;
  CodeCounts all{};
  for (const std::uint8_t code : code_) ++all[code];
  input.aggregate = CountsOf(all);
  for (const Dimension& dimension : table_.dimensions) {
    RuleDimension out;
    out.name = dimension.name;
    const std::size_t none = dimension.values.size();
    out.values.resize(none + 1);
    for (std::size_t v = 0; v < none; ++v) out.values[v].value = dimension.values[v];
    out.values[none].value = kNoValueName;
    out.values[none].no_value = true;
    // Five numbers a value first: they fit into the cache where the values do not.
    std::vector<CodeCounts> counts(none + 1);
    for (std::size_t i = 0; i < code_.size(); ++i) {
      const std::uint32_t v = dimension.value_of_case[i];
      ++counts[v == kNoValue ? none : v][code_[i]];
    }
    for (std::uint32_t place = 0; !by_counts_ && place < order_.size(); ++place) {
      const std::uint32_t v = dimension.value_of_case[order_[place]];
      out.values[v == kNoValue ? none : v].cases.push_back(place);
    }
    for (std::size_t v = 0; v <= none; ++v) {
      const CodeCounts& of_value = counts[v];
      out.values[v].carried = std::accumulate(of_value.begin(), of_value.end(), std::int64_t{0});
      out.values[v].counts = CountsOf(of_value);
    }
    input.dimensions.push_back(std::move(out));
  }
  NameFamilies(policy_.segments.families, input);
  return input;
}

CaseData::Collected CaseData::Collect(std::span<const std::uint32_t> places) const {
  Collected out;
  out.difference.reserve(places.size());
  // Cases without a cluster are clusters of their own, numbered behind the named ones.
  auto own = static_cast<std::uint32_t>(table_.clusters.size());
  for (const std::uint32_t place : places) {
    const std::uint32_t i = order_[place];
    if (code_[i] == kMissingPair) continue;
    out.difference.push_back(candidate_[i] - incumbent_[i]);
    out.differences.incumbent_sum += incumbent_[i];
    out.differences.candidate_sum += candidate_[i];
    if (!table_.clusters.empty()) {
      out.cluster.push_back(table_.cluster_of_case[i] == kNoValue ? own++ : table_.cluster_of_case[i]);
    }
  }
  out.differences.difference = out.difference;
  out.differences.cluster = out.cluster;
  return out;
}

Analysis CaseData::AnalyseAll(double margin) const { return Analyse(AllPlaces(table_), margin); }

Analysis CaseData::Analyse(std::span<const std::uint32_t> places, double margin) const {
  const Collected collected = Collect(places);
  return AnalyseDifferences(collected.differences, margin, policy_);
}

Computed<stats::BootstrapIntervals> CaseData::Bootstrap(double level) const {
  const Collected collected = Collect(AllPlaces(table_));
  return BootstrapDifferences(collected.differences, level, policy_);
}

std::vector<CaseData::Pair> CaseData::Pairs() const {
  return PairsOf(by_counts_ ? pair::CanonicalOrder(table_) : order_);
}

std::vector<CaseData::Pair> CaseData::ChangedPairs() const {
  std::vector<std::uint32_t> changed;
  for (std::uint32_t i = 0; i < code_.size(); ++i) {
    if (code_[i] == kIncumbentOnly || code_[i] == kCandidateOnly) changed.push_back(i);
  }
  pair::OrderCanonically(table_, changed);
  return PairsOf(changed);
}

std::vector<CaseData::Pair> CaseData::PairsOf(const std::vector<std::uint32_t>& cases) const {
  std::vector<Pair> pairs;
  for (const std::uint32_t i : cases) {
    if (code_[i] == kMissingPair) continue;
    Pair pair{.i = i};
    if (by_counts_) {
      pair.difference = code_[i] == kIncumbentOnly ? -1 : code_[i] == kCandidateOnly ? 1 : 0;
    } else {
      pair.difference = candidate_[i] - incumbent_[i];
      if (!table_.clusters.empty()) pair.cluster = table_.cluster_of_case[i];
    }
    pairs.push_back(pair);
  }
  return pairs;
}

Computed<std::vector<double>> CaseData::StepDown(std::span<const SliceCut> cuts, bool max_t,
                                                 std::string& method) const {
  // Pairs that did not change flip into themselves: the smallest p needs none of them, t counts them.
  const std::vector<Pair> pairs = by_counts_ && !max_t ? ChangedPairs() : Pairs();
  std::size_t slices = 0;
  for (const SliceCut& cut : cuts) slices += cut.slices;
  method = max_t ? "wy_max_t" : "wy_min_p";
  if (pairs.empty()) return std::vector<double>(slices, 1.0);
  std::vector<double> difference;
  for (const Pair& pair : pairs) difference.push_back(pair.difference);
  std::vector<std::vector<std::uint32_t>> slice_of(cuts.size());
  std::vector<stats::Cut> sliced;
  for (std::size_t c = 0; c < cuts.size(); ++c) {
    const Dimension& dimension = table_.dimensions[cuts[c].dimension];
    for (const Pair& pair : pairs) {
      const std::uint32_t v = dimension.value_of_case[pair.i];
      const std::uint32_t slice = cuts[c].slice_of_value[v == kNoValue ? dimension.values.size() : v];
      slice_of[c].push_back(slice == kNoValue ? stats::kNoSlice : slice);
    }
    sliced.push_back({slice_of[c], cuts[c].slices});
  }
  // Clusters numbered from 0 without gaps, as a flip group each; a case without one is its own.
  std::vector<std::uint32_t> group;
  std::uint32_t groups = 0;
  if (!by_counts_ && !table_.clusters.empty()) {
    std::vector<std::uint32_t> number(table_.clusters.size(), kNoValue);
    for (const Pair& pair : pairs) {
      if (pair.cluster == kNoValue) {
        group.push_back(groups++);
        continue;
      }
      if (number[pair.cluster] == kNoValue) number[pair.cluster] = groups++;
      group.push_back(number[pair.cluster]);
    }
  }
  return SwapStepDown(difference, sliced, group, groups, max_t,
                      {.replicates = policy_.bootstrap_replicates, .seed = policy_.bootstrap_seed}, method);
}

}  // namespace minslice::gate
