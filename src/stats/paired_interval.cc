#include "minslice/stats/paired_interval.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "stats/normal.h"
#include "stats/score_interval.h"

namespace minslice::stats {
namespace {

constexpr std::array<std::pair<PairedMethod, std::string_view>, 7> kMethods = {{
    {PairedMethod::kTango, "tango"},
    {PairedMethod::kBonettPrice, "bonett_price"},
    {PairedMethod::kNewcombe8, "newcombe8"},
    {PairedMethod::kNewcombe10, "newcombe10"},
    {PairedMethod::kAgrestiMin, "agresti_min"},
    {PairedMethod::kScas, "scas"},
    {PairedMethod::kWald, "wald"},
}};

// Wald limits on given counts; variance (b + c - (c - b)^2 / n) / n^2.
Interval WaldLimits(double b, double c, double n, double z) {
  const double difference = c - b;
  const double error = std::sqrt(std::max(0.0, b + c - difference * (difference / n))) / n;
  return {difference / n - z * error, difference / n + z * error};
}

struct Wilson {
  double p, below, above;  // the proportion and the distances to the limits
};

Wilson WilsonDistances(double x, double n, double z) {
  const double p = x / n;
  const double z2 = z * z;
  const double centre = (x + z2 / 2) / (n + z2);
  const double half = z / (n + z2) * std::sqrt(x * ((n - x) / n) + z2 / 4);
  return {p, x == 0 ? 0 : p - (centre - half), x == n ? 0 : (centre + half) - p};
}

// Newcombe 1998, square-and-add of the two Wilson intervals with the correlation phi of the table.
Interval NewcombeLimits(const PairedCounts& counts, double z, bool corrected) {
  const double n = static_cast<double>(counts.n());
  const std::int64_t candidate = counts.both + counts.candidate_only;
  const std::int64_t incumbent = counts.both + counts.incumbent_only;
  // Counts up to 1e9: the products are below 2e18 and exact.
  const std::int64_t determinant =
      counts.both * counts.neither - counts.incumbent_only * counts.candidate_only;
  double numerator = static_cast<double>(determinant);
  if (corrected && determinant > 0) numerator = std::max(0.0, numerator - n / 2);  // method 10
  const double margins =
      std::sqrt(static_cast<double>(candidate) * static_cast<double>(counts.n() - candidate)) *
      std::sqrt(static_cast<double>(incumbent) * static_cast<double>(counts.n() - incumbent));
  const double phi = margins > 0 ? numerator / margins : 0;
  const Wilson first = WilsonDistances(static_cast<double>(candidate), n, z);
  const Wilson second = WilsonDistances(static_cast<double>(incumbent), n, z);
  const auto distance = [phi](double x, double y) {
    // x^2 - 2 phi x y + y^2, written so that phi = 1, x = y gives exactly 0.
    return std::sqrt(std::max(0.0, (x - y) * (x - y) + 2 * (1 - phi) * x * y));
  };
  const double delta = counts.delta();
  return {delta - distance(first.below, second.above), delta + distance(second.below, first.above)};
}

}  // namespace

std::string_view PairedMethodName(PairedMethod method) {
  for (const auto& [value, name] : kMethods) {
    if (value == method) return name;
  }
  return "";
}

Computed<PairedMethod> PairedMethodFromName(std::string_view name) {
  std::string known;
  for (const auto& [value, method_name] : kMethods) {
    if (method_name == name) return value;
    known += known.empty() ? "" : ", ";
    known += method_name;
  }
  return Undefined("unknown_method", "there is no interval '" + std::string(name) + "'; there are: " + known);
}

Computed<Estimate> PairedInterval(const PairedCounts& counts, double level, PairedMethod method) {
  if (counts.n() <= 0) return Undefined("no_pairs", "there are no pairs (n = 0); at least one is needed");
  if (!(level > 0 && level < 1)) return Undefined("bad_level", "the level must lie between 0 and 1");
  const double z = TwoSidedZ(level);
  const double b = static_cast<double>(counts.incumbent_only);
  const double c = static_cast<double>(counts.candidate_only);
  const double n = static_cast<double>(counts.n());
  Estimate estimate{.value = counts.delta(),
                    .level = level,
                    .n = counts.n(),
                    .method = std::string(PairedMethodName(method)),
                    .warnings = {}};
  Interval limits;
  switch (method) {
    case PairedMethod::kTango:
      limits = TangoLimits(counts, z);
      break;
    case PairedMethod::kScas:
      limits = ScasLimits(counts, z);
      break;
    case PairedMethod::kBonettPrice:
      limits = WaldLimits(b + 1, c + 1, n + 2, z);
      break;
    case PairedMethod::kAgrestiMin:
      limits = WaldLimits(b + 0.5, c + 0.5, n + 2, z);
      break;
    case PairedMethod::kWald:
      limits = WaldLimits(b, c, n, z);
      break;
    case PairedMethod::kNewcombe8:
      limits = NewcombeLimits(counts, z, false);
      break;
    case PairedMethod::kNewcombe10:
      limits = NewcombeLimits(counts, z, true);
      break;
  }
  estimate.lower = std::clamp(limits.lower, -1.0, 1.0);
  estimate.upper = std::clamp(limits.upper, -1.0, 1.0);
  if (counts.discordant() == 0) {
    estimate.warnings.push_back(
        estimate.lower == 0 && estimate.upper == 0
            ? "no discordant pairs: this method gives [0, 0], which is false certainty; use tango"
            : "no discordant pairs: the sides were never seen to differ, which is not the same as equal");
  } else if (method == PairedMethod::kWald && counts.discordant() < 50) {
    estimate.warnings.push_back("fewer than 50 discordant pairs: Wald covers too little; use tango");
  }
  return estimate;
}

Computed<Estimate> TangoInterval(const PairedCounts& counts, double level) {
  return PairedInterval(counts, level, PairedMethod::kTango);
}

}  // namespace minslice::stats
