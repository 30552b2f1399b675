// The exact distribution of C - B, (B, C, rest) trinomial: what the paired bootstrap of binary pairs
// estimates with resamples.
#ifndef MINSLICE_STATS_DIFFERENCE_DISTRIBUTION_H_
#define MINSLICE_STATS_DIFFERENCE_DISTRIBUTION_H_

#include <cstdint>
#include <vector>

namespace minslice::stats {

// n pairs are drawn with replacement from n pairs, b of which give -1, c give +1 and the rest 0. Offsets are
// relative to the observed difference: offset k stands for the difference c - b + k, which is an integer.
//
// Up to n = 128 (a slice) the n-th power of the step polynomial, by its three-term recurrence run from both
// ends, where all terms are positive. Above, the characteristic function at the frequencies of a period that
// holds all but 1e-17 of the mass: it decays like exp(-variance t^2 / 2), so about 25 frequencies carry
// everything at any n, and a value of the CDF costs O(1). Probabilities have an absolute error below 1e-13
// (1e-12 at n = 1e9).
class DifferenceDistribution {
 public:
  // n = both + b + c + neither > 0.
  DifferenceDistribution(std::int64_t n, std::int64_t b, std::int64_t c);

  double Cdf(std::int64_t offset) const;  // P(C* - B* <= c - b + offset)
  double Pmf(std::int64_t offset) const;
  // The smallest offset whose CDF is at least p (inverse CDF, type 1); p in [0, 1].
  std::int64_t Quantile(double p) const;

  std::int64_t lowest() const { return lowest_; }    // below it nothing
  std::int64_t highest() const { return highest_; }  // above it nothing

 private:
  void BuildTable(std::int64_t n, std::int64_t b, std::int64_t c);
  void BuildFrequencies(std::int64_t n, std::int64_t b, std::int64_t c);

  struct Frequency {
    double angle, real, imaginary;
    double inverse_sine;  // 1 / sin(angle / 2)
  };

  std::int64_t lowest_ = 0;
  std::int64_t highest_ = 0;
  double deviation_ = 0;
  double sixth_skewness_ = 0;
  std::int64_t period_ = 0;             // 0: the table below is used
  std::vector<double> cdf_;             // from lowest_
  std::vector<Frequency> frequencies_;  // of weight 2, except the one at pi
};

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_DIFFERENCE_DISTRIBUTION_H_
