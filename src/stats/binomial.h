// The binomial distribution with tails in log space: Loader's saddle-point form keeps 1e-13 relative
// precision at n = 1e9, where differences of lgamma have none.
#ifndef MINSLICE_STATS_BINOMIAL_H_
#define MINSLICE_STATS_BINOMIAL_H_

#include <cstdint>

namespace minslice::stats {

// log P(X = k), X ~ Bin(n, p), q = 1 - p given apart because it may be the exact one. 0 <= k <= n.
double LogBinomialPmf(std::int64_t k, std::int64_t n, double p, double q);
double BinomialPmf(std::int64_t k, std::int64_t n, double p, double q);

// P(X <= k) and P(X >= k), each without cancellation; any k.
double BinomialCdf(std::int64_t k, std::int64_t n, double p, double q);
double BinomialSf(std::int64_t k, std::int64_t n, double p, double q);

// X ~ Bin(n, 1/2): P(X <= k) and P(X = k) with their logarithms. Exact (every bit) for n <= 52. -1 <= k <= n.
struct HalfTail {
  double cdf = 0;
  double log_cdf = 0;  // -inf at k = -1
  double pmf = 0;
  double log_pmf = 0;
};
HalfTail BinomialHalfTail(std::int64_t k, std::int64_t n);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_BINOMIAL_H_
