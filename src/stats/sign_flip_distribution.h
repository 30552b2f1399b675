// The distribution of T = sum of +-d_i over all sign patterns, each equally likely.
#ifndef MINSLICE_STATS_SIGN_FLIP_DISTRIBUTION_H_
#define MINSLICE_STATS_SIGN_FLIP_DISTRIBUTION_H_

#include <cstdint>
#include <span>
#include <vector>

namespace minslice::stats {

class SignFlipDistribution {
 public:
  enum class Kind { kLattice, kRoundedLattice, kCharacteristicFunction };

  // Finite values; zeros are left out.
  explicit SignFlipDistribution(std::span<const double> d);

  Kind kind() const { return kind_; }
  std::int64_t nonzero() const { return nonzero_; }
  double step() const { return step_; }
  std::int64_t total() const { return total_; }  // of all |d_i|, in steps of a lattice

  // The observed sum, in the unit in which the tails are counted (rounded where kRoundedLattice).
  double observed() const { return observed_; }

  // P(T >= t) and P(T > t); P(T <= t) = AtLeast(-t). Small tails keep their relative precision on a lattice.
  double AtLeast(double t) const;
  double Above(double t) const;

  // On a lattice, the largest P(T >= t) that does not exceed `most`, over all t; 0 where there is none.
  double LargestTailNotAbove(double most) const;

  // log P(T >= t), t > 0, by Lugannani and Rice's saddle-point formula: for tails below the smallest double.
  double LogSaddlePointTail(double t) const;

 private:
  void Count(std::vector<std::int64_t> sizes);
  void Transform();
  double Smooth(double t) const;

  Kind kind_ = Kind::kLattice;
  std::int64_t nonzero_ = 0;
  double step_ = 1;
  double observed_ = 0;
  std::vector<double> sizes_;  // |d_i| > 0, in units of step_
  std::int64_t total_ = 0;     // sum of sizes on the lattice; T = 2 U - total, U = sum of those with a plus
  std::int64_t first_ = 0;     // smallest U of the table
  std::vector<double> at_least_;  // P(U >= first_ + i)
  double half_ = 0;               // characteristic function: half a period
  std::vector<double> wave_;      // coefficients of sin(k pi t / half)
};

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_SIGN_FLIP_DISTRIBUTION_H_
