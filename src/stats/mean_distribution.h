// The exact bootstrap distribution of a mean: n draws with replacement from n values, without drawing any.
#ifndef MINSLICE_STATS_MEAN_DISTRIBUTION_H_
#define MINSLICE_STATS_MEAN_DISTRIBUTION_H_

#include <cstdint>
#include <span>
#include <vector>

#include "stats/sample.h"

namespace minslice::stats {

// Values on a lattice: the n-th power of their discrete Fourier transform gives the probability of each
// attainable mean, exact to about 1e-13. Where the window of attainable sums is long, only its first
// frequencies matter, provided that no other comes near 1 in size, which a transform of the values themselves
// shows. Other values (in general position): the characteristic function at the frequencies of a period that
// holds all but 1e-19 of the mass; some 30 to 60 of them carry everything, at any n. They come from the
// central moments of the values near the mean (the series of exp(itx) for |tx| <= 2) and from the few others
// one by one: O(n) altogether. Values neither on a lattice nor in general position (few distinct reals) are
// rounded to a fine one.
class MeanDistribution {
 public:
  enum class Kind { kLattice, kCharacteristicFunction, kRoundedLattice };

  // Finite values, at least two of them different; sums = SumDeviations(values).
  MeanDistribution(std::span<const double> values, const CentralSums& sums);

  Kind kind() const { return kind_; }
  double rounding() const { return rounding_; }  // kRoundedLattice: step of the values' lattice
  int frequencies() const { return static_cast<int>(frequencies_.size()); }

  double Cdf(double mean) const;    // P(mean* <= mean), the lattice's rounding noise forgiven
  double Below(double mean) const;  // P(mean* < mean)
  double Quantile(double p) const;  // the smallest mean with Cdf >= p; p in [0, 1]

 private:
  void BuildTable(std::span<const std::int64_t> index, std::int64_t highest);
  bool BuildBand(const std::vector<std::int64_t>& index, std::int64_t highest, double variance,
                 double largest);
  bool BuildFrequencies(std::span<const double> values, double scale, bool discrete);
  double Wave(double offset) const;
  double SmoothCdf(double offset) const;
  double SmoothRoot(double p) const;
  double CdfAtCell(std::int64_t cell) const;
  std::int64_t CellAtOrBelow(double mean, bool strictly) const;

  Kind kind_ = Kind::kLattice;
  double rounding_ = 0;
  double n_ = 0;
  double mean_ = 0;
  double deviation_ = 0;  // of the mean
  double third_ = 0;
  // Lattice: the sum of n draws is n origin + step (first_ + i), with probability cdf_[i] - cdf_[i - 1].
  double origin_ = 0;
  double step_ = 0;
  std::int64_t first_ = 0;
  std::vector<double> cdf_;  // empty where a band of frequencies does
  // Fourier: offsets of the sum from n mean, in units of 1 / scale_ (a lattice's cells), from -edge_ on for
  // one period. Below the edge nothing.
  struct Frequency {
    double angle;
    double real, imaginary;  // of the characteristic function, times 2 / period / angle
  };
  double scale_ = 1;
  double period_ = 0;
  double edge_ = 0;
  double at_edge_ = 0;
  double sum_cells_ = 0;  // band: the observed sum in cells
  std::vector<Frequency> frequencies_;
};

// Half the width that holds all but 1e-19 of the sum of n draws with the given variance a draw and largest
// deviation (Bernstein's inequality).
double BernsteinReach(double n, double variance, double largest);

// The characteristic function of one draw at angles k * unit, k = 1 ... count, of values - centre: (real,
// imaginary) pairs. Exposed for tests and for the cluster ratio.
void CharacteristicFunction(std::span<const double> values, double centre, double unit, std::size_t count,
                            std::vector<double>& real, std::vector<double>& imaginary);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_MEAN_DISTRIBUTION_H_
