#include "gate/case_data.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <span>

namespace minslice::gate {
namespace {

bool EveryCaseItsOwnCluster(const PairedTable& table) {
  std::vector<std::uint8_t> seen(table.clusters.size(), 0);
  for (const std::uint32_t cluster : table.cluster_of_case) {
    if (cluster == kNoValue) continue;
    if (seen[cluster] != 0) return false;
    seen[cluster] = 1;
  }
  return true;
}

double MeanFilled(const PairedArm& arm, std::size_t i, double fill) {
  const auto k = static_cast<std::size_t>(arm.repeats);
  double sum = 0;
  for (std::size_t r = 0; r < k; ++r) {
    const double score = arm.scores[i * k + r];
    sum += std::isnan(score) ? fill : score;
  }
  return sum / static_cast<double>(k);
}

}  // namespace

bool ByCounts(const PairedTable& table) {
  return table.binary && table.incumbent.repeats == 1 && table.candidate.repeats == 1 &&
         EveryCaseItsOwnCluster(table);
}

CaseData::CaseData(const PairedTable& table, const Policy& policy, Fill fill)
    : table_(table), policy_(policy), by_counts_(ByCounts(table)) {
  const std::size_t n = table.n_cases();
  code_.assign(n, kMissingPair);
  if (!by_counts_) {
    incumbent_.assign(n, kMissing);
    candidate_.assign(n, kMissing);
  }
  const double incumbent_fill = fill == Fill::kAgainstCandidate ? 1 : 0;
  for (std::size_t i = 0; i < n; ++i) {
    double incumbent = table.incumbent.case_mean[i];
    double candidate = table.candidate.case_mean[i];
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

RuleInput CaseData::Input() const {
  RuleInput input;
  input.differences = by_counts_ ? nullptr : this;
  const auto add = [](stats::PairedCounts& counts, std::uint8_t code) {
    switch (code) {
      case kBoth:
        ++counts.both;
        break;
      case kIncumbentOnly:
        ++counts.incumbent_only;
        break;
      case kCandidateOnly:
        ++counts.candidate_only;
        break;
      case kNeither:
        ++counts.neither;
        break;
      default:
        break;
    }
  };
  for (const std::uint8_t code : code_) add(input.aggregate, code);
  for (const Dimension& dimension : table_.dimensions) {
    RuleDimension out;
    out.name = dimension.name;
    const std::size_t none = dimension.values.size();
    out.values.resize(none + 1);
    for (std::size_t v = 0; v < none; ++v) out.values[v].value = dimension.values[v];
    out.values[none].value = kNoValueName;
    out.values[none].no_value = true;
    for (std::size_t i = 0; i < code_.size(); ++i) {
      const std::uint32_t v = dimension.value_of_case[i];
      RuleValue& value = out.values[v == kNoValue ? none : v];
      ++value.carried;
      add(value.counts, code_[i]);
      if (!by_counts_) value.cases.push_back(static_cast<std::uint32_t>(i));
    }
    input.dimensions.push_back(std::move(out));
  }
  return input;
}

Analysis CaseData::AnalyseAll(double margin) const {
  std::vector<std::uint32_t> cases(code_.size());
  for (std::size_t i = 0; i < cases.size(); ++i) cases[i] = static_cast<std::uint32_t>(i);
  return Analyse(cases, margin);
}

Analysis CaseData::Analyse(std::span<const std::uint32_t> cases, double margin) const {
  std::vector<double> difference;
  std::vector<std::uint32_t> cluster;
  Differences differences;
  difference.reserve(cases.size());
  // Cases without a cluster are clusters of their own, numbered behind the named ones.
  auto own = static_cast<std::uint32_t>(table_.clusters.size());
  for (const std::uint32_t i : cases) {
    if (code_[i] == kMissingPair) continue;
    difference.push_back(candidate_[i] - incumbent_[i]);
    differences.incumbent_sum += incumbent_[i];
    differences.candidate_sum += candidate_[i];
    if (!table_.clusters.empty()) {
      cluster.push_back(table_.cluster_of_case[i] == kNoValue ? own++ : table_.cluster_of_case[i]);
    }
  }
  differences.difference = difference;
  differences.cluster = cluster;
  if (table_.binary) differences.lattice = table_.incumbent.repeats * table_.candidate.repeats;
  return AnalyseDifferences(differences, margin, policy_);
}

}  // namespace minslice::gate
