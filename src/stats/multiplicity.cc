#include "minslice/stats/multiplicity.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

#include "stats/binomial_tail.h"

namespace minslice::stats {
namespace {

// Two p-values of different slices that are equal in exact arithmetic (1/2 of one pair and of three) may
// differ in the last bits; a family must treat them alike.
constexpr double kTie = 1e-12;

// The slices grouped by their number of discordant pairs, which alone decides the attainable p-values.
struct Grouped {
  std::vector<double> p;                        // harm p of each slice
  std::vector<std::size_t> order;               // slices, ascending p
  std::vector<std::size_t> rank;                // inverse of order
  std::vector<std::vector<std::size_t>> group;  // ranks of the members, ascending; one entry a distinct b + c
  std::vector<std::int64_t> discordant;         // b + c of each group, ascending
};

Grouped Group(std::span<const SliceDiscordance> slices) {
  Grouped grouped;
  const std::size_t n = slices.size();
  grouped.p.resize(n);
  std::vector<std::size_t> by_discordant(n);
  std::iota(by_discordant.begin(), by_discordant.end(), std::size_t{0});
  const auto discordant = [&](std::size_t i) { return slices[i].broke + slices[i].fixed; };
  std::sort(by_discordant.begin(), by_discordant.end(),
            [&](std::size_t a, std::size_t b) { return discordant(a) < discordant(b); });
  std::vector<std::size_t> group_of(n);
  for (std::size_t i = 0; i < n;) {
    const std::int64_t m = discordant(by_discordant[i]);
    const BinomialTail tail(m);
    for (; i < n && discordant(by_discordant[i]) == m; ++i) {
      const std::size_t slice = by_discordant[i];
      grouped.p[slice] = tail.AtLeast(slices[slice].broke);
      group_of[slice] = grouped.discordant.size();
    }
    grouped.discordant.push_back(m);
  }
  grouped.order.resize(n);
  std::iota(grouped.order.begin(), grouped.order.end(), std::size_t{0});
  // Ties fall together through the running maximum of the step-down, so their order changes no figure.
  std::sort(grouped.order.begin(), grouped.order.end(), [&](std::size_t a, std::size_t b) {
    return grouped.p[a] != grouped.p[b] ? grouped.p[a] < grouped.p[b] : a < b;
  });
  grouped.rank.resize(n);
  grouped.group.resize(grouped.discordant.size());
  for (std::size_t k = 0; k < n; ++k) {
    grouped.rank[grouped.order[k]] = k;
    grouped.group[group_of[grouped.order[k]]].push_back(k);
  }
  return grouped;
}

// Ascending order of the p that are numbers; NaN stands for "no test" and is left out of the family, as R's
// p.adjust does.
std::vector<std::size_t> AscendingOrder(std::span<const double> p) {
  std::vector<std::size_t> order;
  order.reserve(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (!std::isnan(p[i])) order.push_back(i);
  }
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return p[a] != p[b] ? p[a] < p[b] : a < b; });
  return order;
}

std::vector<double> Absent(std::size_t n) {
  return std::vector<double>(n, std::numeric_limits<double>::quiet_NaN());
}

// From the smallest p up: a hypothesis is rejected only where all smaller p are. adjust(k, p, n): the step's
// own figure.
template <class Adjust>
std::vector<double> StepDown(std::span<const double> p, Adjust adjust) {
  const std::vector<std::size_t> order = AscendingOrder(p);
  std::vector<double> adjusted = Absent(p.size());
  double running = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    running = std::max(running, std::min(1.0, adjust(k, p[order[k]], order.size())));
    adjusted[order[k]] = running;
  }
  return adjusted;
}

// From the largest p down: a hypothesis is rejected where any larger p is.
template <class Adjust>
std::vector<double> StepUp(std::span<const double> p, Adjust adjust) {
  const std::vector<std::size_t> order = AscendingOrder(p);
  std::vector<double> adjusted = Absent(p.size());
  double running = 1;
  for (std::size_t k = order.size(); k-- > 0;) {
    running = std::min(running, adjust(k, p[order[k]], order.size()));
    adjusted[order[k]] = running;
  }
  return adjusted;
}

double Real(std::size_t count) { return static_cast<double>(count); }

}  // namespace

std::vector<double> HarmP(std::span<const SliceDiscordance> slices) { return Group(slices).p; }

std::vector<double> WestfallYoungDiscrete(std::span<const SliceDiscordance> slices) {
  const Grouped grouped = Group(slices);
  const std::size_t n = slices.size();
  std::vector<double> log_none(n, 0.0);  // log prod_{j >= k} (1 - F_j(p_(k)))
  for (std::size_t g = 0; g < grouped.group.size(); ++g) {
    const BinomialTail tail(grouped.discordant[g]);
    BinomialTail::Cursor cursor(tail);
    const std::vector<std::size_t>& members = grouped.group[g];
    std::size_t passed = 0;  // members whose p is smaller than the k-th: no longer in the step
    for (std::size_t k = 0; k <= members.back(); ++k) {
      while (members[passed] < k) ++passed;
      const double p = grouped.p[grouped.order[k]];
      log_none[k] += Real(members.size() - passed) * cursor.LogOneMinusLargestNotAbove(p * (1 + kTie));
    }
  }
  std::vector<double> adjusted(n);
  double running = 0;
  for (std::size_t k = 0; k < n; ++k) {
    running = std::max(running, std::min(1.0, -std::expm1(log_none[k])));
    adjusted[grouped.order[k]] = running;
  }
  return adjusted;
}

std::vector<double> TaroneHolm(std::span<const SliceDiscordance> slices) {
  const Grouped grouped = Group(slices);
  const std::size_t n = slices.size();
  std::vector<std::pair<double, std::size_t>> smallest(n);  // (smallest attainable p, rank of the slice)
  for (std::size_t g = 0; g < grouped.group.size(); ++g) {
    const double attainable = BinomialTail::Smallest(grouped.discordant[g]);
    for (const std::size_t k : grouped.group[g]) smallest[k] = {attainable, k};
  }
  std::sort(smallest.begin(), smallest.end());
  std::vector<double> adjusted(n);
  std::vector<std::uint8_t> counted(n, 0);
  std::size_t next = 0;
  std::size_t testable = 0;  // slices of rank >= k that can attain a p <= p_(k)
  double running = 0;
  for (std::size_t k = 0; k < n; ++k) {
    const double p = grouped.p[grouped.order[k]];
    for (; next < n && smallest[next].first <= p * (1 + kTie); ++next) {
      counted[smallest[next].second] = 1;
      if (smallest[next].second >= k) ++testable;
    }
    running = std::max(running, std::min(1.0, p * Real(testable)));
    adjusted[grouped.order[k]] = running;
    if (counted[k]) --testable;
  }
  return adjusted;
}

std::vector<double> Bonferroni(std::span<const double> p) {
  return StepUp(p, [](std::size_t, double value, std::size_t n) { return std::min(1.0, Real(n) * value); });
}

std::vector<double> Holm(std::span<const double> p) {
  return StepDown(p, [](std::size_t k, double value, std::size_t n) { return Real(n - k) * value; });
}

std::vector<double> HolmSidak(std::span<const double> p) {
  return StepDown(p, [](std::size_t k, double value, std::size_t n) {
    return value >= 1 ? 1.0 : -std::expm1(Real(n - k) * std::log1p(-value));
  });
}

std::vector<double> Hochberg(std::span<const double> p) {
  return StepUp(p, [](std::size_t k, double value, std::size_t n) { return Real(n - k) * value; });
}

std::vector<double> Hommel(std::span<const double> p) {
  const std::vector<std::size_t> order = AscendingOrder(p);
  const std::size_t n = order.size();
  if (n == 0) return Absent(p.size());
  std::vector<double> sorted(n);
  for (std::size_t k = 0; k < n; ++k) sorted[k] = p[order[k]];
  double simes = 1;
  for (std::size_t k = 0; k < n; ++k) simes = std::min(simes, Real(n) * sorted[k] / Real(k + 1));
  std::vector<double> best(n, simes);
  std::vector<double> step(n);
  for (std::size_t m = n; m-- > 2;) {  // m hypotheses left: n - 1, ..., 2
    const std::size_t split = n - m;   // 0-based rank of the last of the first n - m + 1
    double tail = std::numeric_limits<double>::infinity();
    for (std::size_t k = split + 1; k < n; ++k)
      tail = std::min(tail, Real(m) * sorted[k] / Real(k - split + 1));
    for (std::size_t k = 0; k <= split; ++k) step[k] = std::min(Real(m) * sorted[k], tail);
    for (std::size_t k = split + 1; k < n; ++k) step[k] = step[split];
    for (std::size_t k = 0; k < n; ++k) best[k] = std::max(best[k], step[k]);
  }
  std::vector<double> adjusted = Absent(p.size());
  for (std::size_t k = 0; k < n; ++k) adjusted[order[k]] = std::min(1.0, std::max(best[k], sorted[k]));
  return adjusted;
}

std::vector<double> BenjaminiHochberg(std::span<const double> p) {
  return StepUp(p, [](std::size_t k, double value, std::size_t n) { return value * Real(n) / Real(k + 1); });
}

std::vector<double> BenjaminiYekutieli(std::span<const double> p) {
  const std::size_t tests = AscendingOrder(p).size();
  double harmonic = 0;
  for (std::size_t k = tests; k > 0; --k) harmonic += 1 / Real(k);
  return StepUp(p, [harmonic](std::size_t k, double value, std::size_t n) {
    return value * harmonic * Real(n) / Real(k + 1);
  });
}

double SidakLevel(double level, std::int64_t intervals) {
  if (intervals < 1) return level;
  return std::exp(std::log(level) / static_cast<double>(intervals));
}

double HoldLevel(std::span<const SliceDiscordance> slices, double max_expected) {
  // sum_s F_s is a step function: at the attainable p-value v of a slice it rises by v minus the slice's next
  // smaller one.
  const Grouped grouped = Group(slices);
  std::vector<std::pair<double, double>> rises;  // (v, rise over all slices that attain it)
  for (std::size_t g = 0; g < grouped.group.size(); ++g) {
    const BinomialTail tail(grouped.discordant[g]);
    const double members = Real(grouped.group[g].size());
    tail.ForEachAscending([&](double value, double previous) {
      rises.emplace_back(value, members * (value - previous));
      return members * value <= max_expected * (1 + kTie);
    });
  }
  std::sort(rises.begin(), rises.end());
  double level = 0;
  double expected = 0;
  for (std::size_t i = 0; i < rises.size();) {
    const double first = rises[i].first;
    double last = first;
    for (; i < rises.size() && rises[i].first <= first * (1 + kTie); ++i) {
      expected += rises[i].second;
      last = rises[i].first;
    }
    if (expected > max_expected * (1 + kTie)) break;
    level = last;
  }
  return std::min(1.0, level * (1 + kTie));
}

}  // namespace minslice::stats
