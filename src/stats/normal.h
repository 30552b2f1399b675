// The standard normal distribution, tails kept to full relative precision.
#ifndef MINSLICE_STATS_NORMAL_H_
#define MINSLICE_STATS_NORMAL_H_

namespace minslice::stats {

double NormalCdf(double z);
double NormalSf(double z);             // 1 - cdf, no cancellation
double LogNormalSf(double z);          // natural logarithm, finite far beyond where NormalSf underflows
double NormalQuantile(double p);       // p in (0, 1); 0 and 1 give -inf and +inf
double NormalUpperQuantile(double p);  // z with NormalSf(z) = p

// z with P(|Z| <= z) = level: 1.959964 at .95.
double TwoSidedZ(double level);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_NORMAL_H_
