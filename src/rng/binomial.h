// Binomial draws. Ours, because std::binomial_distribution differs between standard libraries.
#ifndef MINSLICE_RNG_BINOMIAL_H_
#define MINSLICE_RNG_BINOMIAL_H_

#include <cstdint>

#include "rng/philox.h"

namespace minslice::rng {

// X ~ Bin(trials, probability); trials in [0, 2^53], probability in [0, 1] (values outside are taken as 0 or
// 1). Below 10 expected successes (or failures): inversion by sequential search, one uniform a draw. Above:
// transformed rejection (Hoermann 1993, BTRS), about 2.3 uniforms a draw at any number of trials.
class BinomialSampler {
 public:
  BinomialSampler(std::int64_t trials, double probability);

  std::int64_t Draw(Stream& stream) const;

 private:
  std::int64_t Invert(Stream& stream) const;
  std::int64_t Reject(Stream& stream) const;

  std::int64_t trials_;
  double p_ = 0;          // of the rarer outcome, <= 1/2
  bool flipped_ = false;  // p_ is the probability of failure
  bool inverts_ = true;
  double odds_ = 0;    // p / (1 - p)
  double p_zero_ = 1;  // (1 - p)^trials, inversion only
  // Constants of BTRS, in the paper's letters.
  double a_ = 0, b_ = 0, c_ = 0, v_r_ = 0, alpha_ = 0;
  std::int64_t mode_ = 0;
};

}  // namespace minslice::rng

#endif  // MINSLICE_RNG_BINOMIAL_H_
