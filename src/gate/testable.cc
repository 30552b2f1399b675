#include "gate/testable.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>

namespace minslice::gate {

double LargestAttainable(const Analysis& analysis, double level) {
  if (!analysis.counts) return analysis.min_attainable_p.value_or(0) <= level ? level : 0;
  return LargestAttainable(analysis.counts->discordant(), level);
}

double LargestAttainable(std::int64_t m, double level) {
  const auto p_of = [m](std::int64_t broke) {
    const stats::SliceDiscordance slice{.broke = broke, .fixed = m - broke};
    return stats::HarmP(std::span(&slice, 1)).front();
  };
  // p falls as more broke; the least number whose p is low enough has the largest such p.
  std::int64_t enough = m + 1;
  std::int64_t too_few = -1;
  while (enough - too_few > 1) {
    const std::int64_t middle = too_few + (enough - too_few) / 2;
    (p_of(middle) <= level ? enough : too_few) = middle;
  }
  return enough > m ? 0 : p_of(enough);
}

namespace {

// By what a method multiplies the smallest p of `count`; holm, hochberg, bonferroni and bh agree on it.
double FamilyFactor(const std::string& method, std::size_t count) {
  if (method == "none") return 1;
  if (method != "by") return static_cast<double>(count);
  double harmonic = 0;
  for (std::size_t k = 1; k <= count; ++k) harmonic += 1 / static_cast<double>(k);
  return static_cast<double>(count) * harmonic;
}

}  // namespace

std::vector<double> TimesFamily(const std::string& method, std::span<const double> p) {
  std::vector<double> adjusted;
  for (const double own : p) adjusted.push_back(std::min(1.0, own * FamilyFactor(method, p.size())));
  return adjusted;
}

std::vector<double> SmallestAdjusted(const std::string& method,
                                     std::span<const stats::SliceDiscordance> slices) {
  // Slices with as many discordant pairs have the same attainable p: at 1,000 slices there are some dozens.
  std::map<std::int64_t, double> of_size;  // how many slices have so many
  for (const stats::SliceDiscordance& slice : slices) ++of_size[slice.broke + slice.fixed];
  std::map<std::int64_t, double> adjusted;
  for (const auto& [size, how_many] : of_size) {
    const double p = std::exp2(-static_cast<double>(size));
    double value = p;
    if (method == "wy_discrete") {
      double log_none = 0;
      for (const auto& [other, others] : of_size) {
        const double reached = LargestAttainable(other, p);
        log_none += reached < 1 ? others * std::log1p(-reached) : -INFINITY;
      }
      value = -std::expm1(log_none);
    } else if (method == "tarone_holm") {
      double could = 0;
      for (const auto& [other, others] : of_size) {
        if (std::exp2(-static_cast<double>(other)) <= p) could += others;
      }
      value = p * could;
    } else {
      value = p * FamilyFactor(method, slices.size());
    }
    adjusted[size] = std::min(1.0, value);
  }
  std::vector<double> smallest;
  for (const stats::SliceDiscordance& slice : slices) smallest.push_back(adjusted[slice.broke + slice.fixed]);
  return smallest;
}

}  // namespace minslice::gate
