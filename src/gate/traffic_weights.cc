#include "gate/traffic_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "gate/sentences.h"
#include "stats/normal.h"

namespace minslice::gate {
namespace {

// Of one pair: its share of the weighted mean, and the mean of its stratum.
struct Term {
  CaseData::Pair pair;
  double share = 0;
  std::uint32_t stratum = 0;
};

struct Stratum {
  double weight = 0;  // share of the traffic
  double n = 0;
  double sum = 0;
  double mean() const { return sum / n; }
};

// Variance of sum_i a_i d_i: squared sums by cluster of a_i (d_i - mean of the stratum).
template <class Coefficient>
double Variance(const std::vector<Term>& terms, const std::vector<Stratum>& strata, Coefficient of) {
  std::map<std::uint32_t, double> by_cluster;
  double variance = 0;
  for (const Term& term : terms) {
    const double part = of(term) * (term.pair.difference - strata[term.stratum].mean());
    if (term.pair.cluster == kNoValue) {
      variance += part * part;
    } else {
      by_cluster[term.pair.cluster] += part;
    }
  }
  for (const auto& [cluster, part] : by_cluster) variance += part * part;
  return variance;
}

class Weighing {
 public:
  Weighing(const Policy& policy, const PairedTable& table, const CaseData& data, const Analysis& aggregate)
      : policy_(policy), table_(table), data_(data), aggregate_(aggregate) {
    const TrafficWeights& weights = policy.weights;
    row_.level = DisplayLevel(policy);
    row_.weights_source = weights.file;
    row_.by = weights.by_case ? "case" : "slice";
    row_.method = weights.by_case ? "weighted_cases" : "stratified";
    for (const auto& [name, weight] : weights.rows) {
      weight_of_.emplace(name, weight);
      total_ += weight;
    }
  }

  VerdictWeighted Run() {
    if (policy_.weights.by_case ? ByCase() : BySlice()) Estimate();
    return std::move(row_);
  }

 private:
  void Warn(std::string text) { row_.warnings.push_back("weights: " + std::move(text)); }

  double Take(std::string_view name) {
    const auto found = weight_of_.find(name);
    if (found == weight_of_.end()) return 0;
    taken_.insert(found->first);
    return found->second;
  }

  bool BySlice() {
    const Dimension* dimension = nullptr;
    for (const Dimension& known : table_.dimensions) {
      if (known.name == policy_.weights.dimension) dimension = &known;
    }
    if (dimension == nullptr) {
      Warn(fmt::format("no case carries the dimension {}", policy_.weights.dimension));
      return false;
    }
    strata_.resize(dimension->values.size());
    std::int64_t without = 0;
    for (CaseData::Pair& pair : data_.Pairs()) {
      const std::uint32_t v = dimension->value_of_case[pair.i];
      const auto known = v == kNoValue ? weight_of_.end() : weight_of_.find(dimension->values[v]);
      if (known == weight_of_.end() || known->second == 0) {
        ++without;
        continue;
      }
      ++strata_[v].n;
      strata_[v].sum += pair.difference;
      terms_.push_back({pair, 0, v});
    }
    double covered = 0;
    for (std::size_t v = 0; v < strata_.size(); ++v) {
      if (strata_[v].n > 0) covered += Take(dimension->values[v]);
    }
    if (!Cover(covered, without, "slice")) return false;
    for (std::size_t v = 0; v < strata_.size(); ++v) {
      if (strata_[v].n > 0) strata_[v].weight = weight_of_.at(dimension->values[v]) / covered;
    }
    for (Term& term : terms_) term.share = strata_[term.stratum].weight / strata_[term.stratum].n;
    return true;
  }

  bool ByCase() {
    std::int64_t without = 0;
    double covered = 0;
    for (CaseData::Pair& pair : data_.Pairs()) {
      const double weight = Take(table_.case_ids[pair.i]);
      without += weight > 0 ? 0 : 1;
      if (weight > 0) terms_.push_back({pair, weight, 0});
      covered += weight;
    }
    if (!Cover(covered, without, "case")) return false;
    // One stratum whose "mean" is the weighted one: the linearised ratio estimator.
    strata_.assign(1, {.weight = 1, .n = 1});
    for (Term& term : terms_) {
      term.share /= covered;
      strata_[0].sum += term.share * term.pair.difference;
    }
    return true;
  }

  bool Cover(double covered, std::int64_t without, const char* what) {
    if (covered <= 0) {
      Warn(fmt::format("none of the {}s that they name has a complete pair", what));
      return false;
    }
    row_.covered = covered / total_;
    std::string absent;
    std::size_t count = 0;
    for (const auto& [name, weight] : weight_of_) {
      if (weight == 0 || taken_.contains(name)) continue;
      if (++count <= 3) absent += (absent.empty() ? "" : ", ") + name;
    }
    if (count > 0) {
      Warn(fmt::format(
          "{} of the traffic lies on {} {}{} that no complete pair covers ({}{}); the rest is "
          "weighted as if it were all",
          Percent(1 - *row_.covered), count, what, count == 1 ? "" : "s", absent, count > 3 ? ", ..." : ""));
    }
    if (without > 0) Warn(fmt::format("{} without a weight: not in the weighted row", Many(without, "pair")));
    return true;
  }

  void Estimate() {
    const double n = static_cast<double>(aggregate_.n);
    double delta = 0;
    for (const Term& term : terms_) delta += term.share * term.pair.difference;
    const auto weight = [](const Term& term) { return term.share; };
    const double error = std::sqrt(Variance(terms_, strata_, weight) + OneUnit(weight, 0));
    const double z = stats::NormalUpperQuantile((1 - row_.level) / 2);
    row_.delta = delta;
    row_.ci_low = std::max(-1.0, delta - z * error);
    row_.ci_high = std::min(1.0, delta + z * error);
    // How far weighted and flat delta lie apart by no more than noise: on the same pairs.
    const auto contrast = [n](const Term& term) { return term.share - 1 / n; };
    const double apart = std::sqrt(Variance(terms_, strata_, contrast) + OneUnit(contrast, 1 / n));
    if (aggregate_.delta && static_cast<std::size_t>(aggregate_.n) == terms_.size()) {
      row_.difference_low = delta - *aggregate_.delta - z * apart;
      row_.difference_high = delta - *aggregate_.delta + z * apart;
    }
    row_.status = Status(delta, error);
  }

  // What keeps the error from being 0 where nothing changed (methods 2.5): half a pair more each way in
  // every slice, or one each way of middling weight over cases.
  template <class Coefficient>
  double OneUnit(Coefficient of, double flat) const {
    double sum = 0;
    if (policy_.weights.by_case) {
      for (const Term& term : terms_) sum += of(term) * of(term);
      return 2 * sum / static_cast<double>(terms_.size());
    }
    for (const Stratum& stratum : strata_) {
      if (stratum.n == 0) continue;
      const double a = stratum.weight / stratum.n - flat;
      sum += a * a;
    }
    return sum;
  }

  std::string Status(double delta, double error) const {
    const double promote = stats::NormalUpperQuantile(policy_.error_rates.alpha_promote) * error;
    const double block = stats::NormalUpperQuantile(policy_.error_rates.alpha_block) * error;
    const bool worse = delta + block < 0;
    if (delta + block < -policy_.margin) return "inferior";
    if (*row_.ci_low > 0) return "superior";
    if (delta - promote > -policy_.margin) return worse ? "non_inferior_worse" : "non_inferior";
    return worse ? "inconclusive_worse" : "inconclusive";
  }

  const Policy& policy_;
  const PairedTable& table_;
  const CaseData& data_;
  const Analysis& aggregate_;
  VerdictWeighted row_;
  std::map<std::string, double, std::less<>> weight_of_;
  std::set<std::string> taken_;
  double total_ = 0;
  std::vector<Term> terms_;
  std::vector<Stratum> strata_;
};

}  // namespace

VerdictWeighted WeightedRow(const Policy& policy, const PairedTable& table, const CaseData& data,
                            const Analysis& aggregate) {
  return Weighing(policy, table, data, aggregate).Run();
}

std::optional<VerdictReason> SimpsonClash(const VerdictWeighted& weighted, const Analysis& aggregate) {
  if (!weighted.delta || !aggregate.delta || !weighted.difference_low) return std::nullopt;
  if (*weighted.delta * *aggregate.delta >= 0) return std::nullopt;
  if (*weighted.difference_low <= 0 && *weighted.difference_high >= 0) return std::nullopt;
  VerdictReason reason;
  reason.code = "simpson_clash";
  reason.decision = Decision::kHold;
  reason.text = fmt::format(
      "the suite says {} and the traffic {} ({:.4g} % CI {} to {}), and the two differ beyond noise: which "
      "of them counts is for a person to say",
      Points(*aggregate.delta), Points(*weighted.delta), weighted.level * 100, Points(*weighted.ci_low),
      Points(*weighted.ci_high));
  return reason;
}

}  // namespace minslice::gate
