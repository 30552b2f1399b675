#include "minslice/stats/mcnemar.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "stats/binomial.h"
#include "stats/normal.h"

namespace minslice::stats {
namespace {

constexpr double kLog2 = 0.69314718055994530942;
constexpr double kLn10 = 2.30258509299404568402;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

Test MakeTest(double statistic, double p, double log_p, const char* method) {
  return {.statistic = statistic,
          .p = std::min(1.0, p),
          .log10_p = std::min(0.0, log_p / kLn10),
          .method = method};
}

Test ChiSquared(double difference, double discordant, const char* method) {
  const double statistic = difference * (difference / discordant);
  const double z = std::sqrt(statistic);
  const double log_p = z == 0 ? 0 : kLog2 + LogNormalSf(z);
  return MakeTest(statistic, 2 * NormalSf(z), log_p, method);
}

}  // namespace

Test McNemarExact(const PairedCounts& counts) {
  const std::int64_t smaller = std::min(counts.incumbent_only, counts.candidate_only);
  const std::int64_t larger = std::max(counts.incumbent_only, counts.candidate_only);
  // At most one apart: twice the tail is all of the mass, or more.
  if (larger - smaller <= 1) return MakeTest(kNone, 1, 0, "mcnemar_exact");
  const HalfTail tail = BinomialHalfTail(smaller, counts.discordant());
  return MakeTest(kNone, 2 * tail.cdf, kLog2 + tail.log_cdf, "mcnemar_exact");
}

Test McNemarMidP(const PairedCounts& counts) {
  const std::int64_t smaller = std::min(counts.incumbent_only, counts.candidate_only);
  if (counts.incumbent_only == counts.candidate_only) return MakeTest(kNone, 1, 0, "mcnemar_midp");
  const HalfTail tail = BinomialHalfTail(smaller, counts.discordant());
  // 2 cdf - pmf: pmf <= cdf, so at most one bit is lost.
  const double log_p = tail.log_cdf + std::log(2 - std::exp(tail.log_pmf - tail.log_cdf));
  return MakeTest(kNone, 2 * tail.cdf - tail.pmf, log_p, "mcnemar_midp");
}

Test McNemarAsymptotic(const PairedCounts& counts) {
  const std::int64_t discordant = counts.discordant();
  if (discordant == 0) return MakeTest(0, 1, 0, "mcnemar_asymptotic");
  return ChiSquared(static_cast<double>(counts.candidate_only - counts.incumbent_only),
                    static_cast<double>(discordant), "mcnemar_asymptotic");
}

Test McNemarCorrected(const PairedCounts& counts) {
  const std::int64_t difference = std::abs(counts.candidate_only - counts.incumbent_only);
  if (difference == 0) return MakeTest(0, 1, 0, "mcnemar_corrected");
  return ChiSquared(static_cast<double>(difference - 1), static_cast<double>(counts.discordant()),
                    "mcnemar_corrected");
}

Test McNemarHarmExact(const PairedCounts& counts) {
  // P(X >= b) = P(X <= c): the distribution is symmetric.
  const HalfTail tail = BinomialHalfTail(counts.candidate_only, counts.discordant());
  return MakeTest(kNone, tail.cdf, tail.log_cdf, "mcnemar_harm_exact");
}

}  // namespace minslice::stats
