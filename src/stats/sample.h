// What the methods for graded scores share: sums over a sample, Student's t, chi-squared and beta quantiles.
#ifndef MINSLICE_STATS_SAMPLE_H_
#define MINSLICE_STATS_SAMPLE_H_

#include <cstdint>
#include <span>

namespace minslice::stats {

// No NaN, no infinity, nothing beyond 1e100 in size.
bool AllFinite(std::span<const double> values);

// Sums of powers of the deviations from the mean, two passes, in the order given.
struct CentralSums {
  std::int64_t n = 0;
  double mean = 0;
  double second = 0;  // sum (x - mean)^2
  double third = 0;
};
CentralSums SumDeviations(std::span<const double> values);

double StudentTwoSidedP(double t, double df);      // P(|T| >= |t|), df > 0
double StudentUpperQuantile(double p, double df);  // t with P(T > t) = p
double ChiSquaredSf(double x, double df);
double BetaQuantile(double p, double a, double b);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_SAMPLE_H_
